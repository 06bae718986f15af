using LlamaStack.Client;
using LlamaStack.Testing;
using LlamaStack.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace LlamaStack.Mlflow.Tests.Health;

/// <summary>Servers are asked in the background; who asks for health gets what was found last.</summary>
[Collection(nameof(Tracing))]
public sealed class HealthMonitorTests : IAsyncLifetime
{
    private const int ProbesARound = 2;

    private readonly ProbeClock _time = new();
    private readonly LogLines _logs = new();
    private LlamaStackTestServer _models = null!;
    private MlflowTestServer _mlflow = null!;

    public async ValueTask InitializeAsync()
    {
        _models = await LlamaStackTestServer.StartAsync(new LlamaStackTestServerOptions { ApiKey = "key" }, Limit.Token);
        _mlflow = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _models.DisposeAsync();
        await _mlflow.DisposeAsync();
    }

    [Fact]
    public async Task Health_is_asked_once_an_interval_however_often_it_is_read()
    {
        using var host = await StartAsync();
        for (var number = 0; number < 20; number++)
        {
            Assert.Equal(HealthStatus.Healthy, (await CheckAsync(host)).Status);
        }

        Assert.Equal(1, Probes());
        await NextRoundAsync();

        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(host)).Status);
        Assert.Equal(2, Probes());
        Assert.Empty(_mlflow.Traces);
        Assert.InRange(_models.Requests.Count(request => request.Path == "/v1/health"), 1, 2);
    }

    [Fact]
    public async Task What_changes_is_logged_once()
    {
        using var host = await StartAsync();
        await CheckAsync(host);
        Assert.Equal(2, _logs.Of(2021).Count);
        await NextRoundAsync();

        await _mlflow.StopAsync(Limit.Token);
        await UntilAsync(host, report => report.Entries["mlflow"].Description!.Contains("is MLflow running?", StringComparison.Ordinal));
        await NextRoundAsync();
        await NextRoundAsync();
        Assert.Single(_logs.Of(2020), line => line.Message.Contains("is MLflow running?", StringComparison.Ordinal));
        var lines = _logs.Of(2020).Count;

        await _mlflow.RestartAsync(Limit.Token);
        await UntilAsync(host, report => report.Status is HealthStatus.Healthy);
        await NextRoundAsync();

        Assert.Equal(lines, _logs.Of(2020).Count);
        Assert.Equal(3, _logs.Of(2021).Count);
    }

    [Fact]
    public async Task An_application_that_cannot_trace_is_degraded_and_one_without_models_unhealthy()
    {
        using var host = await StartAsync();
        await _mlflow.StopAsync(Limit.Token);
        await _models.StopAsync(Limit.Token);

        // A connection that is cut first is said to be that; then nobody listens any more.
        await UntilAsync(host, report => report.Entries["llamastack"] is { Status: HealthStatus.Unhealthy, Description: { } words } && words.Contains("LlamaStack:Endpoint", StringComparison.Ordinal));
        await UntilAsync(host, report => report.Entries["mlflow"].Status is HealthStatus.Degraded);

        Assert.Equal(HealthStatus.Unhealthy, (await CheckAsync(host)).Status);
    }

    [Fact]
    public async Task The_host_starts_without_the_servers_and_one_line_says_what_is_wrong()
    {
        await _mlflow.StopAsync(Limit.Token);
        using var host = await StartAsync();

        await CheckAsync(host);

        Assert.Contains("MLFLOW_TRACKING_URI", Assert.Single(_logs.Of(2020)).Message, StringComparison.Ordinal);
        await host.StopAsync(Limit.Token);
    }

    [Fact]
    public async Task Asked_to_fail_the_host_does_not_start_without_MLflow()
    {
        await _mlflow.StopAsync(Limit.Token);

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => StartAsync(options => options.FailOnStart = true));

        Assert.Contains("LlamaStack:Tracing:FailOnStart", failure.Message, StringComparison.Ordinal);
        Assert.Contains("MLFLOW_TRACKING_URI", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Asked_to_fail_the_host_starts_where_traces_arrive()
    {
        await _models.StopAsync(Limit.Token);
        using var host = await StartAsync(options => options.FailOnStart = true);

        Assert.Equal(HealthStatus.Healthy, (await CheckAsync(host)).Entries["mlflow"].Status);
    }

    [Theory]
    [InlineData("mlflow")]
    [InlineData("llamastack")]
    public async Task A_server_that_hangs_does_not_hold_up_the_other_or_who_asks(string hanging)
    {
        LoopbackTestServer server = hanging == "mlflow" ? _mlflow : _models;
        var never = new TaskCompletionSource();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        server.Intercept = async context =>
        {
            asked.TrySetResult();
            await never.Task.WaitAsync(context.RequestAborted);
            return true;
        };
        using var host = await StartAsync();
        await asked.Task.Soon();
        await _time.OneHangsAsync();

        var report = await CheckAsync(host).WhileRunning(_time, TimeSpan.FromSeconds(1));

        Assert.NotEqual(HealthStatus.Healthy, report.Entries[hanging].Status);
        Assert.Contains("did not answer", report.Entries[hanging].Description, StringComparison.Ordinal);
        Assert.Equal(HealthStatus.Healthy, report.Entries[hanging == "mlflow" ? "llamastack" : "mlflow"].Status);
    }

    [Fact]
    public async Task A_probe_that_throws_anything_does_not_end_the_probing()
    {
        var probe = new Moody();
        using var host = await StartAsync(services: services => services.AddSingleton<IProbe>(probe));
        await probe.Asked(1).WhileRunning(_time, TimeSpan.FromSeconds(5));

        await probe.Asked(3).WhileRunning(_time, TimeSpan.FromSeconds(5));

        Assert.Contains(_logs.Of(2020), line => line.Message.Contains("moody", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_a_host_health_is_asked_when_it_is_read()
    {
        await using var app = await TracedApp.StartAsync();

        var report = await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Limit.Token);

        Assert.Equal(HealthStatus.Healthy, report.Status);
    }

    [Fact]
    public async Task A_host_that_stops_while_a_probe_hangs_stops_at_once()
    {
        var never = new TaskCompletionSource();
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _mlflow.Intercept = async context =>
        {
            asked.TrySetResult();
            await never.Task.WaitAsync(context.RequestAborted);
            return true;
        };
        using var host = await StartAsync();
        await asked.Task.Soon();

        await host.StopAsync(Limit.Token).Soon();
    }

    [Theory]
    [InlineData("demo/llama", "key", HealthStatus.Healthy, "1.5.0")]
    [InlineData("demo/other", "key", HealthStatus.Degraded, "LlamaStack:Model")]
    [InlineData("demo/llama", "wrong", HealthStatus.Unhealthy, "LLAMA_STACK_CLIENT_API_KEY")]
    [InlineData("demo/llama", null, HealthStatus.Unhealthy, "LLAMA_STACK_CLIENT_API_KEY")]
    public async Task Of_a_LlamaStack_server_version_key_and_model_are_looked_at(string model, string? key, HealthStatus status, string named)
    {
        using var host = await StartAsync(client: options => (options.Model, options.ApiKey) = (model, key));

        var entry = (await CheckAsync(host)).Entries["llamastack"];

        Assert.Equal(status, entry.Status);
        Assert.Contains(named, entry.Description, StringComparison.Ordinal);
        Assert.All(_models.Requests, request => Assert.Equal("GET", request.Method));
        Assert.DoesNotContain("wrong", entry.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_does_not_let_us_ask_is_not_said_to_be_down()
    {
        _models.Enqueue(ScriptedExchange.Json("/v1/health", """{"error":{"message":"Access denied"}}""", 403));
        using var host = await StartAsync();

        var entry = (await CheckAsync(host)).Entries["llamastack"];

        Assert.Equal(HealthStatus.Degraded, entry.Status);
        Assert.Contains("route_policy", entry.Description, StringComparison.Ordinal);
    }

    private int Probes() => _mlflow.Requests.Count(request => request.Path == "/v1/traces");

    /// <summary>Lets all servers be asked once more, and answer: time stands still meanwhile, however slow the machine is.</summary>
    private async Task NextRoundAsync()
    {
        var before = await _time.AnsweredAsync(atLeast: ProbesARound);
        _time.Advance(new MlflowTracingOptions().HealthProbeInterval);
        await _time.AnsweredAsync(before + ProbesARound);
    }

    private async Task UntilAsync(IHost host, Predicate<HealthReport> condition)
    {
        for (var round = 0; !condition(await CheckAsync(host)); round++)
        {
            Assert.InRange(round, 0, 10);
            await NextRoundAsync();
        }
    }

    private static Task<HealthReport> CheckAsync(IHost host) => host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Limit.Token);

    private async Task<IHost> StartAsync(
        Action<MlflowTracingOptions>? tracing = null, Action<LlamaStackClientOptions>? client = null, Action<IServiceCollection>? services = null)
    {
        var builder = DependencyInjection.RegistrationTests.NewHost();
        builder.Logging.AddProvider(_logs);
        builder.Services.AddSingleton<TimeProvider>(_time);
        services?.Invoke(builder.Services);
        builder.Services.AddLlamaStack(options =>
        {
            (options.Endpoint, options.ApiKey, options.Model) = (_models.Endpoint, "key", "demo/llama");
            client?.Invoke(options);
        }).WithMlflowTracing(options =>
        {
            options.TrackingUri = _mlflow.Endpoint;
            options.ShutdownTimeout = TimeSpan.Zero;
            tracing?.Invoke(options);
        });
        var host = builder.Build();
        try
        {
            await host.StartAsync(Limit.Token);
            return host;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    /// <summary>A clock of the test's own, which knows by the timers of their limits how many probes have begun, and whether any still runs.</summary>
    private sealed class ProbeClock() : FakeTimeProvider(DateTimeOffset.UtcNow)
    {
        private int _begun;
        private int _running;

        public async Task<int> AnsweredAsync(int atLeast)
        {
            await Limit.Until(() => Volatile.Read(ref _begun) >= atLeast && Volatile.Read(ref _running) == 0);
            return Volatile.Read(ref _begun);
        }

        /// <summary>All but one have answered: time may run now.</summary>
        public Task OneHangsAsync() => Limit.Until(() => Volatile.Read(ref _begun) >= ProbesARound && Volatile.Read(ref _running) == 1);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime != TimeSpan.FromSeconds(4) || period != Timeout.InfiniteTimeSpan)
            {
                return timer;
            }

            Interlocked.Increment(ref _running);
            Interlocked.Increment(ref _begun);
            return new Counted(timer, this);
        }

        private sealed class Counted(ITimer timer, ProbeClock clock) : ITimer
        {
            private int _disposed;

            public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(dueTime, period);

            public void Dispose()
            {
                if (Interlocked.Exchange(ref _disposed, 1) == 0)
                {
                    timer.Dispose();
                    Interlocked.Decrement(ref clock._running);
                }
            }

            public ValueTask DisposeAsync()
            {
                Dispose();
                return ValueTask.CompletedTask;
            }
        }
    }

    /// <summary>Throws something else each time, a cancellation that is nobody's too.</summary>
    private sealed class Moody : IProbe
    {
        private int _asked;

        public string Name => "moody";

        public string Subject => "Moody";

        public Task<ProbeResult> ProbeAsync(CancellationToken cancellationToken) => Interlocked.Increment(ref _asked) % 2 == 1
            ? throw new OperationCanceledException("nobody's")
            : throw new InvalidOperationException("moody");

        public async Task<bool> Asked(int times)
        {
            await Limit.Until(() => Volatile.Read(ref _asked) >= times);
            return true;
        }
    }
}
