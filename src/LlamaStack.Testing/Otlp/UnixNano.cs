namespace LlamaStack.Testing;

/// <summary>Nanoseconds since 1970, as OTLP counts.</summary>
internal static class UnixNano
{
    public const ulong PerMillisecond = 1_000_000;

    /// <summary>To a tick's precision; what .NET cannot express becomes its last moment.</summary>
    public static DateTimeOffset ToTime(ulong nanoseconds)
    {
        var ticks = nanoseconds / 100;
        return ticks <= (ulong)(DateTimeOffset.MaxValue.Ticks - DateTimeOffset.UnixEpoch.Ticks)
            ? DateTimeOffset.UnixEpoch.AddTicks((long)ticks)
            : DateTimeOffset.MaxValue;
    }
}
