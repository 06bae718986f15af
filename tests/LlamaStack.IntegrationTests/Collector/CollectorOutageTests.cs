using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlamaStack.TestSupport;

namespace LlamaStack.IntegrationTests;

/// <summary>
/// All programs real, started here: the sample application and an OGX that traces itself, the Collector as shipped, MLflow, and a Collector with a file as the second back end.
/// MLflow goes away, the Collector is killed while it waits, and nothing is lost.
/// </summary>
[Trait("Category", Drill.Category)]
public sealed class CollectorOutageTests
{
    private const int Before = 5;
    private const int During = 20;
    private const string FileBackEnd = """
        receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${env:OTELCOL_HTTP_PORT}"}, grpc: {endpoint: "127.0.0.1:${env:OTELCOL_GRPC_PORT}"}}}}
        exporters: {file: {path: "${env:OTELCOL_FILE}", flush_interval: 100ms}}
        service: {telemetry: {metrics: {level: none}}, pipelines: {traces: {receivers: [otlp], exporters: [file]}}}
        """;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact(Skip = Drill.Skipped, SkipUnless = nameof(Drill.IsWanted), SkipType = typeof(Drill))]
    public async Task Client_and_server_are_one_tree_in_both_back_ends_and_an_outage_of_MLflow_with_a_crash_of_the_Collector_loses_nothing()
    {
        Assert.SkipWhen(PeerProcess.Folder is null, "no real servers: put the peers folder at ../shared/peers");
        var folder = Directory.CreateTempSubdirectory("outage-").FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "file.yaml"), FileBackEnd, Cancellation);
        var self = $"{Environment.ProcessId}";
        var mlflow = await PeerProcess.StartAsync("start-mlflow", "--port", "0", "--data", Path.Combine(folder, "mlflow"), "--exit-with", self);
        var mlflowPort = $"{mlflow.Address.Port}";
        await using var second = await PeerProcess.StartAsync(
            "start-otelcol", "--config", Path.Combine(folder, "file.yaml"), "--http-port", "0", "--grpc-port", "0", "--data", Path.Combine(folder, "second"), "--exit-with", self);
        await using var collector = await ShippedCollector.StartAsync(mlflow.Address, second.Address, Cancellation);
        await using var ogx = await PeerProcess.StartAsync("ogx/start-ogx", "--port", Peers.FreePort(), "--stub-port", Peers.FreePort(), "--otel", collector.Address.AbsoluteUri.TrimEnd('/'), "--data", Path.Combine(folder, "ogx"));
        var (program, http) = await SampleProgram.ServeAsync("WebApi", Settings(ogx.Address, collector, mlflow.Address), Cancellation);
        await using var _ = program;
        using var __ = http;

        List<string> traces = [];
        await AskAsync(http, traces, Before);
        await SomethingWaitsAsync(collector, 0);

        await mlflow.DisposeAsync();
        await AskAsync(http, traces, During);
        await SomethingWaitsAsync(collector, 1);
        await collector.CrashAsync();
        await AskAsync(http, traces, 1);
        await collector.RestartAsync();
        mlflow = await PeerProcess.StartAsync("start-mlflow", "--port", mlflowPort, "--data", Path.Combine(folder, "mlflow"), "--exit-with", self);

        using var server = new HttpClient { BaseAddress = mlflow.Address };
        var file = Path.Combine(second.Info["data"], "second.jsonl");
        foreach (var id in traces)
        {
            await AssertInMlflowAsync(server, id);
            await AssertInFileAsync(file, id);
        }

        await mlflow.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Request, model call, its transport; the server's own span, its call to the provider, and that one's transport.</summary>
    private static async Task AssertInMlflowAsync(HttpClient mlflow, string id)
    {
        var trace = await CollectorTraces.WholeAsync(mlflow, id, 6, Cancellation);
        Assert.Equal("OK", trace.State);
        Assert.All(trace.Spans.Where(span => span != trace.Root), span => Assert.Contains(trace.Spans, parent => parent.Id == span.ParentId));
        var server = Assert.Single(trace.Spans, span => span.Name == "POST /v1/chat/completions");
        Assert.Equal("POST", trace.Spans.Single(span => span.Id == server.ParentId).Name);
        var call = Assert.Single(trace.Spans, span => span["mlflow.chat.tokenUsage"] is not null);
        Assert.Equal("chat stub/stub-chat", call.Name);
        Assert.True((int)trace.TokenUsage!["total_tokens"]! > 0);
        Assert.DoesNotContain(trace.Tags, tag => tag.Key.StartsWith("telemetry.", StringComparison.Ordinal) || tag.Key == "service.instance.id");
    }

    private static async Task AssertInFileAsync(string file, string id)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        HashSet<string> names;
        do
        {
            await tick.WaitForNextTickAsync(limit.Token);
            names = [.. (await File.ReadAllLinesAsync(file, limit.Token)).Where(line => line.StartsWith('{') && line.EndsWith('}')).SelectMany(line => Spans(JsonNode.Parse(line)!))
                .Where(span => $"tr-{span["traceId"]}" == id).Select(span => (string)span["name"]!)];
        }
        while (!names.IsSupersetOf(["POST /chat", "chat stub/stub-chat", "POST", "POST /v1/chat/completions", "chat stub-chat", "POST /v1/chat/completions http send"]));
    }

    private static IEnumerable<JsonNode> Spans(JsonNode export) =>
        export["resourceSpans"]!.AsArray().SelectMany(resource => resource!["scopeSpans"]!.AsArray()).SelectMany(scope => scope!["spans"]!.AsArray()).Select(span => span!);

    private static async Task AskAsync(HttpClient http, List<string> traces, int times)
    {
        for (var time = 0; time < times; time++)
        {
            using var response = await http.PostAsJsonAsync("/chat", new { message = $"Question {traces.Count}?" }, Cancellation);
            response.EnsureSuccessStatusCode();
            traces.Add(response.Headers.GetValues("X-Trace-Id").Single());
        }
    }

    /// <summary>The senders send every few hundred milliseconds; the Collector's own metrics say what has come, and what waits.</summary>
    private static async Task SomethingWaitsAsync(ShippedCollector collector, int atLeast)
    {
        using var http = new HttpClient();
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(200));
        string received = "", before;
        do
        {
            before = received;

            // Longer than senders wait: what has been asked for has left them.
            for (var time = 0; time < 30; time++)
            {
                await tick.WaitForNextTickAsync(Cancellation);
            }

            var metrics = (await http.GetStringAsync(collector.Metrics, Cancellation)).Split('\n');
            received = string.Join('\n', metrics.Where(line => line.StartsWith("otelcol_receiver_accepted_spans", StringComparison.Ordinal)));
            var waiting = metrics.Where(line => line.StartsWith("otelcol_exporter_queue_size", StringComparison.Ordinal) && line.Contains("otlp_http/mlflow", StringComparison.Ordinal)).Sum(line => double.Parse(line.Split(' ')[^1], System.Globalization.CultureInfo.InvariantCulture));
            Assert.True(waiting >= atLeast, $"{waiting} requests wait");
        }
        while (received != before);
    }

    private static Dictionary<string, string> Settings(Uri models, ShippedCollector collector, Uri mlflow) => new()
    {
        ["LLAMA_STACK_CLIENT_BASE_URL"] = models.AbsoluteUri,
        ["LlamaStack__Model"] = "stub/stub-chat",
        ["LlamaStack__EmbeddingModel"] = "stub/stub-embed",
        ["LlamaStack__Tracing__Mode"] = "Otlp",
        ["LlamaStack__Tracing__ContentCapture"] = "Full",
        ["MLFLOW_TRACKING_URI"] = mlflow.AbsoluteUri,
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.AbsoluteUri,
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "200",

        // What the Collector does not take while it is killed and started again waits here.
        ["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = "in_memory",
    };
}
