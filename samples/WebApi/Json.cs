using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;

namespace WebApi;

/// <summary>What goes in and out, as JSON without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ChatQuestion))]
[JsonSerializable(typeof(ChatAnswer))]
[JsonSerializable(typeof(ChatDelta))]
[JsonSerializable(typeof(ChatError))]
[JsonSerializable(typeof(EmbeddingsQuestion))]
[JsonSerializable(typeof(EmbeddingsAnswer))]
[JsonSerializable(typeof(HealthReportAnswer))]
[JsonSerializable(typeof(IReadOnlyList<TraceLine>))]
[JsonSerializable(typeof(HttpValidationProblemDetails))]
[JsonSerializable(typeof(ProblemDetails))]
internal sealed partial class Json : JsonSerializerContext;

internal sealed record ChatQuestion(string? Message, string? Model, string? Api);

internal sealed record ChatAnswer(string Answer, string? Model, ChatTokens Usage, string? TraceId);

internal sealed record ChatTokens(long? InputTokens, long? OutputTokens);

internal sealed record ChatDelta(string Text);

internal sealed record ChatError(string Message, int Status);

internal sealed record EmbeddingsQuestion(IReadOnlyList<string?>? Input);

internal sealed record EmbeddingsAnswer(int Dimensions, int Count, string? TraceId);

internal sealed record TraceLine(
    string Id, string? Name, string? State, string? RequestPreview, string? ResponsePreview, long? Tokens, double? DurationMs, DateTimeOffset? Time, string? Session, string? User);

internal sealed record HealthReportAnswer(string Status, IReadOnlyDictionary<string, HealthLine> Checks);

internal sealed record HealthLine(string Status, string? Description);
