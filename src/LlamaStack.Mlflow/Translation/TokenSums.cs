using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace LlamaStack.Mlflow;

/// <summary>Tokens as MLflow adds them up.</summary>
internal readonly record struct TokenSums(long Input, long Output, long? CacheRead, long? CacheCreation)
{
    /// <summary>So many bytes five numbers and their names never take.</summary>
    public const int MaxJsonLength = 256;

    public static TokenSums? Sum(TokenSums? one, TokenSums? other) => (one, other) switch
    {
        (null, _) => other,
        (_, null) => one,
        ({ } a, { } b) => new(a.Input + b.Input, a.Output + b.Output, Sum(a.CacheRead, b.CacheRead), Sum(a.CacheCreation, b.CacheCreation)),
    };

    public string ToJson() => Encoding.UTF8.GetString(WriteJson(stackalloc byte[MaxJsonLength]));

    /// <summary>Writes all three numbers, always, and those of the cache where there are any.</summary>
    public ReadOnlySpan<byte> WriteJson(Span<byte> target)
    {
        Utf8.TryWrite(target, CultureInfo.InvariantCulture, $"{{\"input_tokens\":{Input},\"output_tokens\":{Output},\"total_tokens\":{Input + Output}", out var length);
        if (CacheRead is { } read)
        {
            Utf8.TryWrite(target[length..], CultureInfo.InvariantCulture, $",\"cache_read_input_tokens\":{read}", out var more);
            length += more;
        }

        if (CacheCreation is { } creation)
        {
            Utf8.TryWrite(target[length..], CultureInfo.InvariantCulture, $",\"cache_creation_input_tokens\":{creation}", out var more);
            length += more;
        }

        target[length++] = (byte)'}';
        return target[..length];
    }

    private static long? Sum(long? one, long? other) => one is null ? other : one + (other ?? 0);
}
