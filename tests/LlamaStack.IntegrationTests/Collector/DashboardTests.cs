using System.ComponentModel;
using System.Diagnostics;
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

        var queries = Queries();
        var wanted = queries.SelectMany(query => Metric().Matches(query).Select(match => match.Value)).Distinct().ToList();
        var labels = queries.SelectMany(query => Label().Matches(query).SelectMany(match => match.Groups[1].Value.Split(',')).Concat(Matcher().Matches(query).Select(match => match.Groups[1].Value)))
            .Select(label => label.Trim()).Where(label => label != "le").Distinct().ToList();
        Assert.True(wanted.Count >= 9, string.Join(' ', wanted));
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(250));
        using var scrape = new HttpClient();

        // What Prometheus 3 says it can read: with some exporters metrics have other names then.
        scrape.DefaultRequestHeaders.Accept.ParseAdd("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2");
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

    /// <summary>Also what is no syntax, such as a function that a newer Prometheus alone knows, is found here.</summary>
    [Fact]
    public async Task Prometheus_own_tool_accepts_its_configuration_and_all_queries()
    {
        var folder = Directory.CreateTempSubdirectory("promtool-").FullName;
        var rules = Path.Combine(folder, "queries.json");
        var queries = new JsonArray([.. Queries().Select((query, number) => new JsonObject { ["record"] = $"query:{number}", ["expr"] = query.Replace("$__rate_interval", "1m", StringComparison.Ordinal) })]);
        await File.WriteAllTextAsync(rules, new JsonObject { ["groups"] = new JsonArray(new JsonObject { ["name"] = "dashboard", ["rules"] = queries }) }.ToJsonString(), Cancellation);

        await PromtoolAsync("check", "config", Path.Combine(_compose, "prometheus.yaml"));
        Assert.Contains($"{queries.Count} rules found", await PromtoolAsync("check", "rules", rules), StringComparison.Ordinal);
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>What Grafana's published schema of a time series panel demands: a panel without it is drawn with defaults, or not at all.</summary>
    [Fact]
    public void Panels_ask_the_data_source_that_is_provisioned_and_are_whole()
    {
        var provisioned = File.ReadAllText(Path.Combine(_compose, "grafana", "provisioning", "datasources", "prometheus.yaml"));

        Assert.All(Panels(), panel =>
        {
            Assert.Equal("prometheus", (string?)panel!["datasource"]!["uid"]);
            Assert.NotEmpty((string)panel["title"]!);
            Assert.NotEmpty((string)panel["description"]!);
            Assert.Equal("timeseries", (string?)panel["type"]);
            Assert.Equal(["legend", "tooltip"], panel["options"]!.AsObject().Select(option => option.Key));
            Assert.Equal(["calcs", "displayMode", "placement", "showLegend"], panel["options"]!["legend"]!.AsObject().Select(option => option.Key).Order(StringComparer.Ordinal));
            Assert.Equal(["mode", "sort"], panel["options"]!["tooltip"]!.AsObject().Select(option => option.Key).Order(StringComparer.Ordinal));
            Assert.All(panel["targets"]!.AsArray(), target => Assert.Equal(["datasource", "expr", "legendFormat", "refId"], target!.AsObject().Select(member => member.Key).Order(StringComparer.Ordinal)));
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

    private static List<string> Queries() => [.. Panels().SelectMany(panel => panel!["targets"]!.AsArray()).Select(target => (string)target!["expr"]!)];

    private static async Task<string> PromtoolAsync(params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo("promtool", arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            var errors = process.StandardError.ReadToEndAsync(Cancellation);
            var output = await process.StandardOutput.ReadToEndAsync(Cancellation) + await errors;
            await process.WaitForExitAsync(Cancellation);
            Assert.True(process.ExitCode == 0, output);
            return output;
        }
        catch (Win32Exception)
        {
            Assert.Skip("no promtool: it comes with Prometheus (Debian's package prometheus)");
            throw;
        }
    }

    private static JsonArray Panels() => JsonNode.Parse(File.ReadAllText(Path.Combine(_compose, "grafana", "dashboards", "llamastack.json")))!["panels"]!.AsArray();

    private static async Task CallsOfAllKindsAsync(HttpClient http, LlamaStackTestServer models)
    {
        using var plain = await http.PostAsJsonAsync("/chat", new { message = "Hello?" }, Cancellation);
        plain.EnsureSuccessStatusCode();
        using var agent = await http.PostAsJsonAsync("/agent", new { message = "What is the weather in Paris?" }, Cancellation);
        agent.EnsureSuccessStatusCode();
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

        // An agent's spans do not fit in at once: what is lost so is counted, too.
        ["OTEL_BSP_MAX_QUEUE_SIZE"] = "5",
        ["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"] = "5",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
    };

    [GeneratedRegex(@"\b(gen_ai_client|llama_stack|otelcol)_\w+(?=[\[{)])")]
    private static partial Regex Metric();

    [GeneratedRegex(@"by \(([^)]*)\)")]
    private static partial Regex Label();

    [GeneratedRegex(@"[{,](\w+)!?=""")]
    private static partial Regex Matcher();

    [GeneratedRegex(@"- (\.\.?/[^:]+):")]
    private static partial Regex Mount();

    [GeneratedRegex(@"collector:(\d+)")]
    private static partial Regex Target();

    [GeneratedRegex(@"(?m)^      (OTELCOL_\w+|SECOND_ENDPOINT|MLFLOW_EVAL_EXPERIMENT_ID):")]
    private static partial Regex Variable();
}
