using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LlamaStack.Testing;
using LlamaStack.TestSupport;

namespace LlamaStack.IntegrationTests;

/// <summary>The dashboard of <c>samples/compose</c> asks for metrics that really come out of the application and of the Collector.</summary>
public sealed partial class DashboardTests(PeersFixture peers)
{
    private static readonly string _compose = Path.GetFullPath(Path.Combine(Fixtures.Root, "..", "..", "samples", "compose"));

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_metric_and_label_of_the_dashboard_is_exported()
    {
        var mlflow = (await peers.MlflowAsync()).Address;
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: Cancellation);
        await using var second = await OtlpTestServer.StartAsync(cancellationToken: Cancellation);
        await using var collector = await ShippedCollector.StartAsync(mlflow, second.Endpoint, Cancellation);
        var (program, http) = await SampleProgram.ServeAsync("WebApi", Settings(models.Endpoint, collector), Cancellation);
        await using var _ = program;
        using var __ = http;
        await CallsOfAllKindsAsync(http, models);

        // One back end refuses for good, so that failures are counted, too.
        second.Intercept = context =>
        {
            context.Response.StatusCode = 400;
            return Task.FromResult(true);
        };
        await CallsOfAllKindsAsync(http, models);

        var queries = Panels().SelectMany(panel => panel!["targets"]!.AsArray()).Select(target => (string)target!["expr"]!).ToList();
        var wanted = queries.SelectMany(query => Metric().Matches(query).Select(match => match.Value)).Distinct().ToList();
        var labels = queries.SelectMany(query => Label().Matches(query).SelectMany(match => match.Groups[1].Value.Split(','))).Select(label => label.Trim()).Where(label => label != "le").Distinct().ToList();
        Assert.True(wanted.Count >= 9, string.Join(' ', wanted));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        using var scrape = new HttpClient();
        List<string> missing;
        var looks = 0;
        do
        {
            await tick.WaitForNextTickAsync(Cancellation);
            if (++looks % 40 == 0)
            {
                await CallsOfAllKindsAsync(http, models);
            }

            var exported = await scrape.GetStringAsync(collector.Prometheus, Cancellation) + await scrape.GetStringAsync(collector.Metrics, Cancellation);
            missing = [.. wanted.Where(name => !exported.Contains($"\n{name}{{", StringComparison.Ordinal)), .. labels.Where(label => !exported.Contains($"{label}=\"", StringComparison.Ordinal))];
        }
        while (missing.Count > 0 && !limit.IsCancellationRequested);
        Assert.Empty(missing);
    }

    [Fact]
    public void Panels_ask_the_data_source_that_is_provisioned_and_have_names_and_places()
    {
        var provisioned = File.ReadAllText(Path.Combine(_compose, "grafana", "provisioning", "datasources", "prometheus.yaml"));

        Assert.All(Panels(), panel =>
        {
            Assert.Equal("prometheus", (string?)panel!["datasource"]!["uid"]);
            Assert.NotEmpty((string)panel["title"]!);
            Assert.InRange((int)panel["gridPos"]!["x"]! + (int)panel["gridPos"]!["w"]!, 1, 24);
        });
        Assert.Contains("uid: prometheus", provisioned, StringComparison.Ordinal);
        Assert.Equal(Panels().Count, Panels().Select(panel => (int)panel!["id"]!).Distinct().Count());
    }

    /// <summary>What goes wrong between containers: a host that MLflow does not allow, a port that nobody opened, a file that is not there.</summary>
    [Fact]
    public void Names_ports_and_files_of_the_compose_file_fit_together()
    {
        var compose = File.ReadAllText(Path.Combine(_compose, "compose.yaml"));
        var prometheus = File.ReadAllText(Path.Combine(_compose, "prometheus.yaml"));
        var collector = File.ReadAllText(ShippedCollector.Configuration);

        Assert.Contains("--allowed-hosts mlflow:*,localhost:*", compose, StringComparison.Ordinal);
        Assert.Contains("MLFLOW_TRACKING_URI: http://mlflow:5000", compose, StringComparison.Ordinal);
        Assert.Contains("host.docker.internal:host-gateway", compose, StringComparison.Ordinal);
        Assert.All(Mount().Matches(compose), mount => Assert.True(Path.Exists(Path.Combine(_compose, mount.Groups[1].Value)), mount.Value));
        Assert.All(Target().Matches(prometheus), target => Assert.Contains($":-{target.Groups[1].Value}}}", collector, StringComparison.Ordinal));
        Assert.Contains("${env:OTELCOL_HTTP_PORT:-4318}", collector, StringComparison.Ordinal);
        Assert.All(Variable().Matches(compose), variable => Assert.Contains($"${{env:{variable.Groups[1].Value}:-", collector, StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(_compose, "WebApi.Dockerfile")));
    }

    private static JsonArray Panels() => JsonNode.Parse(File.ReadAllText(Path.Combine(_compose, "grafana", "dashboards", "llamastack.json")))!["panels"]!.AsArray();

    private static async Task CallsOfAllKindsAsync(HttpClient http, LlamaStackTestServer models)
    {
        using var plain = await http.PostAsJsonAsync("/chat", new { message = "Hello?" }, Cancellation);
        plain.EnsureSuccessStatusCode();
        using var stream = new HttpRequestMessage(HttpMethod.Post, "/chat") { Content = JsonContent.Create(new { message = "Hello?" }) };
        stream.Headers.Accept.Add(new("text/event-stream"));
        (await http.SendAsync(stream, Cancellation)).Dispose();
        models.Enqueue(ScriptedExchange.Json("/v1/chat/completions", """{"error":{"message":"Slow down."}}""", 429));
        (await http.PostAsJsonAsync("/chat", new { message = "Hello?" }, Cancellation)).Dispose();
        using var refused = new HttpRequestMessage(HttpMethod.Post, "/chat") { Content = JsonContent.Create(new { message = "Hello?" }) };
        refused.Headers.Add("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00");
        (await http.SendAsync(refused, Cancellation)).Dispose();
    }

    private static Dictionary<string, string> Settings(Uri models, ShippedCollector collector) => new()
    {
        ["LLAMA_STACK_CLIENT_BASE_URL"] = models.AbsoluteUri,
        ["LlamaStack__Model"] = "demo/llama",
        ["LlamaStack__EmbeddingModel"] = "demo/embed",
        ["LlamaStack__Tracing__Mode"] = "Otlp",
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Address.AbsoluteUri,
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
    };

    [GeneratedRegex(@"\b(gen_ai_client|llama_stack|otelcol)_\w+(?=[\[{)])")]
    private static partial Regex Metric();

    [GeneratedRegex(@"by \(([^)]*)\)")]
    private static partial Regex Label();

    [GeneratedRegex(@"- (\.\.?/[^:]+):")]
    private static partial Regex Mount();

    [GeneratedRegex(@"collector:(\d+)")]
    private static partial Regex Target();

    [GeneratedRegex(@"(?m)^      (OTELCOL_\w+|SECOND_ENDPOINT|MLFLOW_EVAL_EXPERIMENT_ID):")]
    private static partial Regex Variable();
}
