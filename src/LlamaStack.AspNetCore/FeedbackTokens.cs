using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.Extensions.Options;

namespace LlamaStack.AspNetCore;

/// <summary>Tokens that prove that this application has answered with a trace: who holds one may give feedback on that trace, and on no other.</summary>
/// <remarks>
/// Registered by <c>WithFeedback()</c>. ASP.NET Core's Data Protection makes them: they cannot be read or altered, and end. Several instances of an application
/// share them where they share their keys.
/// </remarks>
public sealed class FeedbackTokens
{
    private readonly ITimeLimitedDataProtector _protector;
    private readonly FeedbackOptions _options;

    /// <summary>Creates them.</summary>
    /// <param name="protection">The application's data protection.</param>
    /// <param name="options">How long a token is good.</param>
    public FeedbackTokens(IDataProtectionProvider protection, IOptions<FeedbackOptions> options)
    {
        ArgumentNullException.ThrowIfNull(protection);
        ArgumentNullException.ThrowIfNull(options);
        _protector = protection.CreateProtector("LlamaStack.AspNetCore.Feedback.v1").ToTimeLimitedDataProtector();
        _options = options.Value;
    }

    /// <summary>Makes a token, for an answer that is not told by a response header.</summary>
    /// <param name="traceId">The trace's id: <c>tr-</c> and 32 hexadecimal digits.</param>
    /// <param name="user">The user that the answer is for: feedback of another one is refused. Null for anyone who holds the token.</param>
    /// <returns>Text for a header or for JSON; about 200 characters.</returns>
    public string Create(string traceId, string? user = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(traceId);
        return _protector.Protect($"{traceId}\n{user}", _options.TokenLifetime);
    }

    internal bool TryRead(string token, [NotNullWhen(true)] out string? traceId, out string? user)
    {
        (traceId, user) = (null, null);
        try
        {
            var parts = _protector.Unprotect(token).Split('\n', 2);
            (traceId, user) = (parts[0], parts[1].Length == 0 ? null : parts[1]);
            return true;
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            return false;
        }
    }
}
