using System.Globalization;

namespace LlamaStack.Testing;

/// <summary>Times and durations as protobuf's JSON writes them, kept in milliseconds.</summary>
internal static class MlflowTime
{
    /// <summary>RFC 3339 with the fraction in no or three digits.</summary>
    public static string Timestamp(long milliseconds)
    {
        var time = DateTimeOffset.FromUnixTimeMilliseconds(milliseconds).UtcDateTime;
        return time.ToString(milliseconds % 1000 == 0 ? "yyyy-MM-dd'T'HH:mm:ss'Z'" : "yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);
    }

    public static string Duration(long milliseconds) => milliseconds % 1000 == 0
        ? $"{milliseconds / 1000}s"
        : $"{(milliseconds < 0 ? "-" : "")}{Math.Abs(milliseconds) / 1000}.{Math.Abs(milliseconds) % 1000:000}s";

    /// <summary>Needs a zone; takes up to nine decimals.</summary>
    public static bool TryParseTimestamp(string text, out long milliseconds)
    {
        milliseconds = 0;
        var zone = text.AsSpan().LastIndexOfAny('Z', '+', '-');
        if (zone < "yyyy-MM-dd".Length || !text.Contains('T', StringComparison.Ordinal))
        {
            return false;
        }

        // .NET reads seven decimals; the rest is below a millisecond anyway.
        var point = text.IndexOf('.', StringComparison.Ordinal);
        var shortened = point >= 0 && zone - point > 8 ? text.Remove(point + 8, zone - point - 8) : text;
        if (!DateTimeOffset.TryParse(shortened, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
        {
            return false;
        }

        milliseconds = time.ToUnixTimeMilliseconds();
        return true;
    }

    /// <summary>Seconds and an <c>s</c>.</summary>
    public static bool TryParseDuration(string text, out long milliseconds)
    {
        var valid = decimal.TryParse(text.TrimEnd('s'), NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds)
            && text.EndsWith('s');
        milliseconds = valid ? (long)(seconds * 1000) : 0;
        return valid;
    }
}
