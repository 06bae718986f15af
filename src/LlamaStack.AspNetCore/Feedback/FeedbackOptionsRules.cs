using Microsoft.Extensions.Options;

namespace LlamaStack.AspNetCore;

/// <summary>What the options must be; each message says what to set, and where.</summary>
internal sealed class FeedbackOptionsRules : IValidateOptions<FeedbackOptions>
{
    public ValidateOptionsResult Validate(string? name, FeedbackOptions options)
    {
        List<string> failures = [];
        if (options.TokenLifetime < TimeSpan.FromSeconds(1) || options.TokenLifetime > TimeSpan.FromDays(365))
        {
            failures.Add($"LlamaStack:Feedback:TokenLifetime is {options.TokenLifetime}: it must be from 1 second to 365 days.");
        }

        if (options.MaxBodySize is < 1024 or > 1024 * 1024)
        {
            failures.Add($"LlamaStack:Feedback:MaxBodySize is {options.MaxBodySize}: it must be from 1024 to 1048576 bytes.");
        }

        if (string.IsNullOrWhiteSpace(options.AnonymousUser) || options.AnonymousUser.Length > 250)
        {
            failures.Add("LlamaStack:Feedback:AnonymousUser must have 1 to 250 characters.");
        }

        foreach (var origin in options.AllowedOrigins)
        {
            if (!Uri.TryCreate(origin, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https") || origin != address.GetLeftPart(UriPartial.Authority))
            {
                failures.Add($"LlamaStack:Feedback:AllowedOrigins has \"{origin}\": an origin is scheme, host and port alone, for example https://app.example.org.");
            }
        }

        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }
}
