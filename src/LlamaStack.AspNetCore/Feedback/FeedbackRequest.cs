using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;

namespace LlamaStack.AspNetCore;

/// <summary>What a page sends.</summary>
internal sealed record FeedbackRequest
{
    public string? Token { get; init; }

    public string? TraceId { get; init; }

    public string? Name { get; init; }

    public JsonElement? Value { get; init; }

    public JsonElement? Expectation { get; init; }

    public string? Comment { get; init; }
}

internal sealed record FeedbackAnswer(string TraceId, string AssessmentId);

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    MaxDepth = 8)]
[JsonSerializable(typeof(FeedbackRequest))]
[JsonSerializable(typeof(FeedbackAnswer))]
[JsonSerializable(typeof(ProblemDetails))]
internal sealed partial class FeedbackJson : JsonSerializerContext;
