using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using LlamaStack.Testing;
using LlamaStack.TestSupport;

namespace LlamaStack.IntegrationTests.Drills;

/// <summary>Three programs on one spool directory, killed and started again while MLflow is away: what is on disk arrives, whoever is left to bring it, once.</summary>
[Trait("Category", "Drill")]
public sealed class SharedSpoolDrill : IAsyncDisposable
{
    private const int Programs = 3;
    private const int Calls = 50;

    private readonly DirectoryInfo _spool = Directory.CreateTempSubdirectory("drill-shared-");
    private readonly Dictionary<int, (SampleProgram Program, HttpClient Http)> _programs = [];
    private readonly ConcurrentQueue<string> _answered = [];
    private Dictionary<string, string> _settings = [];

    [Fact(Skip = Drill.Skipped, SkipUnless = nameof(Drill.IsWanted), SkipType = typeof(Drill))]
    public async Task Whoever_is_killed_the_others_bring_what_it_has_left()
    {
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: DrillRun.Cancellation);
        await using var mlflow = await OwnMlflow.StartAsync();
        var experiment = $"drill-{Guid.NewGuid():N}";
        _settings = new()
        {
            ["LLAMA_STACK_CLIENT_BASE_URL"] = models.Endpoint.AbsoluteUri,
            ["MLFLOW_TRACKING_URI"] = mlflow.Address.AbsoluteUri,
            ["MLFLOW_EXPERIMENT_NAME"] = experiment,
            ["LlamaStack__Tracing__SpoolDirectory"] = _spool.FullName,
            ["LlamaStack__Tracing__HealthProbeInterval"] = "00:00:01",
        };
        for (var number = 0; number < Programs; number++)
        {
            await StartAsync(number);
            await AskAsync(number);
        }

        await DrillRun.UntilAsync(async () => (await mlflow.WholeAsync(experiment)).Count == Programs);
        var ofThree = await mlflow.CountAsync(experiment);
        await mlflow.KillAsync();
        await Task.WhenAll(Enumerable.Range(0, Programs).Select(number => AskAsync(number, Calls)));
        for (var number = 0; number < Programs; number++)
        {
            var http = _programs[number].Http;
            await DrillRun.UntilAsync(async () => (await (await http.GetAsync("/health", DrillRun.Cancellation)).Content.ReadAsStringAsync(DrillRun.Cancellation)).Contains($"{Calls} traces wait on disk", StringComparison.Ordinal));
        }

        var safe = _answered.ToList();

        // Each is killed in the midst of a call; two come back while MLflow is away, take over what they find, and go on. One of them is killed again.
        for (var number = 0; number < Programs; number++)
        {
            await KillAsync(number);
        }

        await StartAsync(0);
        await StartAsync(1);
        await Task.WhenAll(AskAsync(0, Calls), AskAsync(1, Calls));
        await KillAsync(0);
        await mlflow.RestartAsync();
        await StartAsync(0);
        await AskAsync(0, Calls);
        await DrillRun.UntilAsync(() => Task.FromResult(_spool.GetFiles("*.spool", SearchOption.AllDirectories) is { Length: <= 2 } files && files.All(file => file.Length < 1024)));

        var stored = await mlflow.WholeAsync(experiment);
        var count = await mlflow.CountAsync(experiment);
        var missing = _answered.Except(stored).ToList();
        DrillRun.Say($"{_answered.Count} calls answered by {Programs} programs, killed 4 times: {missing.Count} traces missing, in MLflow: {count}");
        Assert.Empty(safe.Except(stored));
        Assert.InRange(missing.Count, 0, 4);
        Assert.Empty(_spool.GetFiles("*.corrupt", SearchOption.AllDirectories));
        Assert.Equal(
            (stored.Count, stored.Count, stored.Count * ofThree.Spans / Programs, stored.Count * ofThree.Input / Programs, stored.Count * ofThree.Output / Programs),
            (count.Traces, count.Whole, count.Spans, count.Input, count.Output));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var (program, http) in _programs.Values)
        {
            http.Dispose();
            await program.DisposeAsync();
        }

        _spool.Delete(recursive: true);
    }

    private async Task StartAsync(int number) => _programs[number] = await SampleProgram.ServeAsync("WebApi", _settings, DrillRun.Cancellation);

    /// <summary>While someone asks.</summary>
    private async Task KillAsync(int number)
    {
        _programs.Remove(number, out var killed);
        var (program, http) = killed;
        var before = _answered.Count;
        var caller = Task.Run(() => AskAsync(http, int.MaxValue));
        await DrillRun.UntilAsync(() => Task.FromResult(_answered.Count > before + 5));
        await program.DisposeAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => caller);
        http.Dispose();
    }

    private Task AskAsync(int number, int times = 1) => AskAsync(_programs[number].Http, times);

    private async Task AskAsync(HttpClient http, int times)
    {
        for (var call = 0; call < times; call++)
        {
            using var response = await http.PostAsJsonAsync("/chat", new { message = "What does a telescope do?" }, DrillRun.Cancellation);
            var answer = await response.Content.ReadFromJsonAsync<JsonNode>(DrillRun.Cancellation);
            _answered.Enqueue((string)answer!["traceId"]!);
        }
    }
}
