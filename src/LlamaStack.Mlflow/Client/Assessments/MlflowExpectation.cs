using System.Text.Json.Nodes;

namespace LlamaStack.Mlflow;

/// <summary>What a trace, or one span of it, should have given.</summary>
public sealed record MlflowExpectation
{
    /// <summary>Gets what is expected, for instance <c>expected_response</c> or <c>expected_facts</c>; up to 250 characters.</summary>
    public required string Name { get; init; }

    /// <summary>Gets the right answer: a truth value, a number, a text, or a list or object of these.</summary>
    /// <value>MLflow keeps a number that stands alone as a double.</value>
    public required JsonNode Value { get; init; }

    /// <summary>Gets who says so.</summary>
    public required MlflowAssessmentSource Source { get; init; }

    /// <summary>Gets the span that is meant, 16 hexadecimal digits.</summary>
    /// <value>Null for the whole trace.</value>
    public string? SpanId { get; init; }

    /// <summary>Gets what else shall be kept with it.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }
}
