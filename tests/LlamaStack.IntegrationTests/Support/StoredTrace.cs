using System.Text.Json;
using System.Text.Json.Nodes;
using LlamaStack.Mlflow;

namespace LlamaStack.IntegrationTests;

/// <summary>A trace as MLflow gives it back: info and spans, values unpacked to plain JSON.</summary>
internal sealed record StoredTrace(string Id, string State, string? Name, string? RequestPreview, string? ResponsePreview, JsonObject Metadata, JsonObject Tags, IReadOnlyList<StoredSpan> Spans)
{
    public StoredSpan Root => Spans.Single(span => span.ParentId is null);

    public JsonNode? TokenUsage => Parsed("mlflow.trace.tokenUsage");

    public JsonNode? Cost => Parsed("mlflow.trace.cost");

    public string? Session => (string?)Metadata["mlflow.trace.session"];

    public string? User => (string?)Metadata["mlflow.trace.user"];

    /// <summary>Reads a trace by REST once it is whole.</summary>
    public static async Task<StoredTrace> WaitAsync(HttpClient mlflow, string traceId, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(30));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            if (await ReadAsync(mlflow, traceId, limit.Token) is { State: not "IN_PROGRESS" } trace)
            {
                return trace;
            }

            await tick.WaitForNextTickAsync(limit.Token);
        }
    }

    public static async Task<StoredTrace?> ReadAsync(HttpClient mlflow, string traceId, CancellationToken cancellationToken)
    {
        using var response = await mlflow.GetAsync($"api/3.0/mlflow/traces/get?trace_id={traceId}&allow_partial=true", cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            return null;
        }

        var trace = JsonNode.Parse(await response.Content.ReadAsStreamAsync(cancellationToken))!["trace"]!;
        var info = trace["trace_info"]!;
        var tags = info["tags"] as JsonObject ?? [];
        return new StoredTrace(
            (string)info["trace_id"]!, (string)info["state"]!, (string?)tags["mlflow.traceName"], (string?)info["request_preview"], (string?)info["response_preview"],
            info["trace_metadata"] as JsonObject ?? [], tags, [.. (trace["spans"] as JsonArray ?? []).Select(span => StoredSpan.Read(span!))]);
    }

    /// <summary>All traces of an experiment, by the client that is tested, oldest first.</summary>
    public static async Task<List<StoredTrace>> OfExperimentAsync(MlflowClient client, HttpClient mlflow, string experiment, CancellationToken cancellationToken)
    {
        List<StoredTrace> traces = [];
        if (await client.GetExperimentByNameAsync(experiment, cancellationToken) is { } found)
        {
            await foreach (var trace in client.SearchTracesAsync(found.Id, cancellationToken: cancellationToken))
            {
                traces.Insert(0, (await ReadAsync(mlflow, trace.TraceId, cancellationToken))!);
            }
        }

        return traces;
    }

    private JsonNode? Parsed(string key) => (string?)Metadata[key] is { } json ? JsonNode.Parse(json) : null;
}

/// <summary>A span of it.</summary>
internal sealed record StoredSpan(string Id, string? ParentId, string Name, string Kind, string Status, string? StatusMessage, IReadOnlyDictionary<string, JsonNode?> Attributes, IReadOnlyList<StoredEvent> Events)
{
    public string? Type => (string?)Attributes.GetValueOrDefault("mlflow.spanType");

    public JsonNode? Inputs => Structure(Attributes.GetValueOrDefault("mlflow.spanInputs"));

    public JsonNode? Outputs => Structure(Attributes.GetValueOrDefault("mlflow.spanOutputs"));

    public JsonNode? Tools => Structure(Attributes.GetValueOrDefault("mlflow.chat.tools"));

    public JsonNode? this[string key] => Attributes.GetValueOrDefault(key);

    internal static StoredSpan Read(JsonNode span)
    {
        var parent = (string?)span["parent_span_id"];
        return new StoredSpan(
            (string)span["span_id"]!, string.IsNullOrEmpty(parent) ? null : parent, (string)span["name"]!, (string?)span["kind"] ?? "", (string?)span["status"]?["code"] ?? "", (string?)span["status"]?["message"],
            Unpack(span["attributes"]), [.. (span["events"] as JsonArray ?? []).Select(happened => new StoredEvent((string)happened!["name"]!, Unpack(happened["attributes"])))]);
    }

    private static Dictionary<string, JsonNode?> Unpack(JsonNode? attributes) =>
        (attributes as JsonArray ?? []).ToDictionary(attribute => (string)attribute!["key"]!, attribute => Value(attribute!["value"]));

    /// <summary>An OTLP value as plain JSON.</summary>
    private static JsonNode? Value(JsonNode? value)
    {
        if (value is not JsonObject { Count: > 0 } any)
        {
            return null;
        }

        var (kind, inner) = any.First();
        return kind switch
        {
            "kvlist_value" => new JsonObject((inner!["values"] as JsonArray ?? []).Select(pair => KeyValuePair.Create((string)pair!["key"]!, Value(pair["value"])))),
            "array_value" => new JsonArray([.. (inner!["values"] as JsonArray ?? []).Select(Value)]),
            "int_value" => inner!.GetValueKind() is JsonValueKind.String ? long.Parse((string)inner!, System.Globalization.CultureInfo.InvariantCulture) : inner.DeepClone(),
            _ => inner?.DeepClone(),
        };
    }

    /// <summary>Text that is JSON (an old server, or the stand-in, may give it so) as what it says.</summary>
    private static JsonNode? Structure(JsonNode? value)
    {
        if (value is JsonValue text && text.TryGetValue<string>(out var json) && (json.StartsWith('{') || json.StartsWith('[')))
        {
            return JsonNode.Parse(json);
        }

        return value;
    }
}

internal sealed record StoredEvent(string Name, IReadOnlyDictionary<string, JsonNode?> Attributes);
