using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>An event of a span.</summary>
public sealed class OtlpTestEvent
{
    internal OtlpTestEvent(string name, ulong timeUnixNano, IReadOnlyDictionary<string, JsonNode?> attributes) =>
        (Name, TimeUnixNano, Attributes) = (name, timeUnixNano, attributes);

    /// <summary>Gets the name, such as <c>exception</c>.</summary>
    public string Name { get; }

    /// <summary>Gets the time.</summary>
    public DateTimeOffset Time => UnixNano.ToTime(TimeUnixNano);

    /// <summary>Gets the attributes.</summary>
    public IReadOnlyDictionary<string, JsonNode?> Attributes { get; }

    internal ulong TimeUnixNano { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}
