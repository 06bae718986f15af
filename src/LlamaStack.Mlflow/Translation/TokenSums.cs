using System.Globalization;

namespace LlamaStack.Mlflow;

/// <summary>Tokens as MLflow adds them up.</summary>
internal sealed record TokenSums(long Input, long Output, long? CacheRead, long? CacheCreation)
{
    public static TokenSums? Sum(TokenSums? one, TokenSums? other) => (one, other) switch
    {
        (null, _) => other,
        (_, null) => one,
        _ => new(one.Input + other.Input, one.Output + other.Output, Sum(one.CacheRead, other.CacheRead), Sum(one.CacheCreation, other.CacheCreation)),
    };

    /// <summary>All three numbers, always.</summary>
    public string ToJson()
    {
        var read = CacheRead is null ? "" : string.Create(CultureInfo.InvariantCulture, $",\"cache_read_input_tokens\":{CacheRead}");
        var creation = CacheCreation is null ? "" : string.Create(CultureInfo.InvariantCulture, $",\"cache_creation_input_tokens\":{CacheCreation}");
        return string.Create(CultureInfo.InvariantCulture, $"{{\"input_tokens\":{Input},\"output_tokens\":{Output},\"total_tokens\":{Input + Output}{read}{creation}}}");
    }

    private static long? Sum(long? one, long? other) => one is null ? other : one + (other ?? 0);
}
