using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlamaStack.Testing;
using LlamaStack.TestSupport;

namespace LlamaStack.IntegrationTests.Drills;

/// <summary>The application itself is killed with SIGKILL, while MLflow is away: what was on disk arrives with the next start, once.</summary>
[Trait("Category", "Drill")]
public sealed class KillDrill : IDisposable
{
    private const int Callers = 4;
    private const int Calls = 200;

    private readonly DirectoryInfo _spool = Directory.CreateTempSubdirectory("drill-kill-");

    [Fact(Skip = Drill.Skipped, SkipUnless = nameof(Drill.IsWanted), SkipType = typeof(Drill))]
    public async Task After_a_kill_of_the_application_every_trace_on_disk_arrives_and_at_most_those_of_running_calls_are_missing()
    {
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: DrillRun.Cancellation);
        await using var mlflow = await OwnMlflow.StartAsync();
        var experiment = $"drill-{Guid.NewGuid():N}";
        Dictionary<string, string> settings = new()
        {
            ["LLAMA_STACK_CLIENT_BASE_URL"] = models.Endpoint.AbsoluteUri,
            ["MLFLOW_TRACKING_URI"] = mlflow.Address.AbsoluteUri,
            ["MLFLOW_EXPERIMENT_NAME"] = experiment,
            ["LlamaStack__Tracing__SpoolDirectory"] = _spool.FullName,
            ["LlamaStack__Tracing__HealthProbeInterval"] = "00:00:01",
        };

        // A first trace makes the experiment; then the server is away.
        ConcurrentQueue<string> answered = [];
        var (program, http) = await SampleProgram.ServeAsync("WebApi", settings, DrillRun.Cancellation);
        await AskAsync(http, answered);
        await DrillRun.UntilAsync(async () => (await mlflow.WholeAsync(experiment)).Count == 1);
        await mlflow.KillAsync();
        for (var number = 0; number < Calls; number++)
        {
            await AskAsync(http, answered);
        }

        await DrillRun.UntilAsync(async () => (await (await http.GetAsync("/health", DrillRun.Cancellation)).Content.ReadAsStringAsync(DrillRun.Cancellation)).Contains($"{Calls} traces wait on disk", StringComparison.Ordinal));
        var safe = answered.ToList();

        // Killed in the midst of more.
        var more = Enumerable.Range(0, Callers).Select(async _ =>
        {
            while (true)
            {
                await AskAsync(http, answered);
            }
        }).ToList();
        await DrillRun.UntilAsync(() => Task.FromResult(answered.Count > Calls * 2));
        await program.DisposeAsync();
        await Task.WhenAll(more.Select(async caller => await Assert.ThrowsAnyAsync<HttpRequestException>(() => caller)));
        http.Dispose();
        var left = _spool.GetFiles("*.spool", SearchOption.AllDirectories).Sum(file => file.Length);

        await mlflow.RestartAsync();
        (program, http) = await SampleProgram.ServeAsync("WebApi", settings, DrillRun.Cancellation);
        await using var __ = program;
        using var ___ = http;
        await DrillRun.UntilAsync(() => Task.FromResult(_spool.GetFiles("*.spool", SearchOption.AllDirectories).Length == 0));

        var stored = await mlflow.WholeAsync(experiment);
        var missing = answered.Except(stored).ToList();
        DrillRun.Say($"{answered.Count} calls answered, {left} bytes left on disk, {missing.Count} traces missing");
        Assert.Empty(safe.Except(stored));
        Assert.InRange(missing.Count, 0, Callers);
        Assert.Equal(stored.Count, (await mlflow.CountAsync(experiment)).Traces);
    }

    public void Dispose() => _spool.Delete(recursive: true);

    private static async Task AskAsync(HttpClient http, ConcurrentQueue<string> answered)
    {
        using var response = await http.PostAsJsonAsync("/chat", new { message = "What does a telescope do?" }, DrillRun.Cancellation);
        var answer = await response.Content.ReadFromJsonAsync<JsonNode>(DrillRun.Cancellation);
        answered.Enqueue((string)answer!["traceId"]!);
    }
}
