using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LlamaStack.Instrumentation;

/// <summary>Pictures and sounds inside a message: their type, size and hash are recorded, never their bytes.</summary>
internal static class Base64Payload
{
    /// <summary>Shorter texts may be words that happen to look like base64.</summary>
    private const int MinPayload = 256;

    /// <summary>Are these the bytes of something, which are no text to read?</summary>
    public static bool IsPayload(ReadOnlySpan<byte> text) => text.Length > MinPayload && text.IndexOfAny(" \t\r\n"u8) < 0 && Base64.IsValid(text);

    /// <summary>Are these the bytes of something, which are no text to read?</summary>
    public static bool IsPayload(ReadOnlySpan<char> text) => text.Length > MinPayload && text.IndexOfAny(" \t\r\n") < 0 && Base64.IsValid(text);

    /// <summary>What stands for a <c>data:</c> URL, or for base64 of a given media type.</summary>
    public static string Describe(ReadOnlySpan<char> mediaType, ReadOnlySpan<byte> base64)
    {
        var size = Base64.IsValid(base64, out var decoded) ? decoded : base64.Length;
        var hash = Convert.ToHexStringLower(SHA256.HashData(base64).AsSpan(0, 8));
        return string.Create(CultureInfo.InvariantCulture, $"[{mediaType}, {size} bytes, sha256 of its base64 {hash}...]");
    }

    /// <summary>Takes a <c>data:</c> URL apart.</summary>
    /// <returns>False where the text is none, or one without base64.</returns>
    public static bool TryDescribe(string url, out string mediaType, out string description)
    {
        mediaType = description = "";
        if (!url.StartsWith("data:", StringComparison.OrdinalIgnoreCase) || url.IndexOf(";base64,", StringComparison.OrdinalIgnoreCase) is not (> 0 and var marker))
        {
            return false;
        }

        mediaType = url[5..marker];
        description = Describe(mediaType, Encoding.ASCII.GetBytes(url[(marker + 8)..]));
        return true;
    }
}
