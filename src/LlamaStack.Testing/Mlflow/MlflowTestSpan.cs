using System.Diagnostics;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>A span as MLflow has stored it: attributes after translation, and the columns that searches and dashboards read.</summary>
public sealed class MlflowTestSpan
{
    private readonly SpanRow _row;
    private readonly Lazy<IReadOnlyDictionary<string, JsonNode?>> _attributes;

    internal MlflowTestSpan(SpanRow row)
    {
        _row = row;
        _attributes = new Lazy<IReadOnlyDictionary<string, JsonNode?>>(() => row.Attributes.Keys.ToDictionary(static key => key, row.Attributes.Value));
    }

    /// <summary>Gets the span id: 16 hexadecimal digits in lower case.</summary>
    public string SpanId => _row.SpanId;

    /// <summary>Gets the parent's span id.</summary>
    /// <value><see langword="null"/> for a root.</value>
    public string? ParentSpanId => _row.ParentSpanId;

    /// <summary>Gets the name.</summary>
    public string Name => _row.Sent.Name;

    /// <summary>Gets the kind.</summary>
    public ActivityKind Kind => _row.Sent.Kind;

    /// <summary>Gets the column <c>type</c>, by which dashboards count and searches find.</summary>
    /// <value>
    /// <see langword="null"/> unless the client sent <c>mlflow.spanType</c>; a type that MLflow made from <c>gen_ai.operation.name</c> stands in
    /// <see cref="Attributes"/> only.
    /// </value>
    public string? Type => _row.Type;

    /// <summary>Gets the status; an unset one is kept as that.</summary>
    public ActivityStatusCode Status => _row.Sent.Status;

    /// <summary>Gets the status description.</summary>
    /// <value>Empty if none was sent.</value>
    public string StatusMessage => _row.Sent.StatusMessage;

    /// <summary>Gets the attributes by their keys; structured values that were sent as JSON text are parsed.</summary>
    public IReadOnlyDictionary<string, JsonNode?> Attributes => _attributes.Value;

    /// <summary>Gets the events, in the order sent.</summary>
    public IReadOnlyList<OtlpTestEvent> Events => _row.Sent.Events;

    /// <summary>Gets the links, in the order sent.</summary>
    public IReadOnlyList<OtlpTestLink> Links => _row.Sent.Links;

    /// <summary>Gets the start.</summary>
    public DateTimeOffset Start => _row.Sent.Start;

    /// <summary>Gets the end.</summary>
    public DateTimeOffset End => _row.Sent.End;

    /// <inheritdoc/>
    public override string ToString() => $"{Name} ({Type ?? "no type"})";
}
