using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>A stored assessment; <see cref="IsFeedback"/> tells the two kinds apart.</summary>
internal sealed class AssessmentRow(string id)
{
    public string Id { get; } = id;

    public required string Name { get; set; }

    public string? SpanId { get; init; }

    public required string SourceType { get; init; }

    public required string SourceId { get; init; }

    public required bool IsFeedback { get; init; }

    public JsonNode? Value { get; set; }

    public JsonObject? Error { get; set; }

    public string? Rationale { get; set; }

    public Dictionary<string, string> Metadata { get; } = [];

    public string? Overrides { get; init; }

    public bool Valid { get; set; } = true;

    public required long CreateTime { get; init; }

    public required long LastUpdateTime { get; set; }
}
