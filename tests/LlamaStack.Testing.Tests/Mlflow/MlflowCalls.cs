using System.Text.Json.Nodes;

namespace LlamaStack.Testing.Tests;

/// <summary>Calls of MLflow that several tests make.</summary>
internal static class MlflowCalls
{
    public const string Traces = "/api/3.0/mlflow/traces";

    /// <summary>Sends spans, and expects them to be accepted.</summary>
    public static async Task ExportAsync(this MlflowTestServer server, IEnumerable<SentSpan> spans, string experiment = "0", params (string Key, object? Value)[] resource)
    {
        using var response = await server.TryExportAsync(spans, experiment, resource);
        Xunit.Assert.Equal("", await response.Content.ReadAsStringAsync(Limit.Token));
        Xunit.Assert.Equal(200, (int)response.StatusCode);
    }

    public static Task<HttpResponseMessage> TryExportAsync(this MlflowTestServer server, IEnumerable<SentSpan> spans, string experiment = "0", params (string Key, object? Value)[] resource) =>
        server.SendAsync("POST", "/v1/traces", OtlpWriter.Export(spans, resource), ("Content-Type", "application/x-protobuf"), ("x-mlflow-experiment-id", experiment));

    /// <summary>StartTraceV3 with what it needs, and with what is given.</summary>
    public static Task<HttpResponseMessage> StartTraceAsync(this MlflowTestServer server, string traceId, string more = "{}", string experiment = "0")
    {
        var info = JsonNode.Parse($$$"""
            {"trace_id":"tr-{{{traceId}}}","trace_location":{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":"{{{experiment}}}"}},
             "request_time":"2026-01-01T00:00:00.123Z","execution_duration":"1s","state":"OK"}
            """)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(more)!.AsObject())
        {
            info[name] = value?.DeepClone();
        }

        return server.PostAsync(Traces, new JsonObject { ["trace"] = new JsonObject { ["trace_info"] = info } });
    }

    public static MlflowTestTrace Trace(this MlflowTestServer server, string traceId) => server.Traces.Single(trace => trace.TraceId == $"tr-{traceId}");
}
