using LlamaStack.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace LlamaStack.Mlflow.Tests.Export;

/// <summary>What is worth a second try is tried again, by the application's clock; here the test's.</summary>
[Collection(nameof(Tracing))]
public sealed class RetryTests
{
    private static readonly TimeSpan _step = TimeSpan.FromMilliseconds(250);
    private readonly FakeTimeProvider _time = new(DateTimeOffset.UtcNow);

    [Theory]
    [InlineData(503, "")]
    [InlineData(502, "<html>bad gateway</html>")]
    [InlineData(504, "")]
    [InlineData(429, "slow down")]
    [InlineData(408, "")]
    [InlineData(500, """{"error_code":"INTERNAL_ERROR","message":"database is locked"}""")]
    [InlineData(400, """{"error_code":"BAD_REQUEST","message":"(sqlite3.IntegrityError) UNIQUE constraint failed: trace_request_metadata.key"}""")]
    [InlineData(400, """{"error_code":"BAD_REQUEST","message":"(psycopg2.errors.UniqueViolation) duplicate key value"}""")]
    [InlineData(400, """{"error_code":"BAD_REQUEST","message":"Trace already exists"}""")]
    public async Task An_answer_that_may_be_the_moments_is_tried_again_and_then_the_trace_arrives(int status, string body)
    {
        await using var app = await StartAsync();
        app.Mlflow.FailNext(status, body, count: 2, path: "/v1/traces");
        await app.AskAsync();

        await app.Mlflow.WaitForTracesAsync(1, Limit.Token).WhileRunning(_time, _step);

        Assert.Equal(3, app.Exports.Count);
        Assert.Equal("", app.Counts.Dropped);
        await Limit.Until(() => app.Logs.Of(2011).Count == 1);
        Assert.Single(app.Logs.Of(2010));
    }

    [Theory]
    [InlineData("/version", 503)]
    [InlineData("/version", 429)]
    [InlineData("/api/2.0/mlflow/experiments/get-by-name", 503)]
    [InlineData("/api/2.0/mlflow/experiments/get-by-name", 500)]
    public async Task So_is_one_to_a_question_before_the_spans(string path, int status)
    {
        await using var app = await StartAsync();
        app.Mlflow.FailNext(status, "not now", count: 2, path: path);
        await app.AskAsync();

        await app.Mlflow.WaitForTracesAsync(1, Limit.Token).WhileRunning(_time, _step);

        Assert.Equal("", app.Counts.Dropped);
    }

    [Fact]
    public async Task A_server_that_is_down_gets_the_traces_when_it_is_up_again()
    {
        await using var app = await StartAsync();
        await app.Mlflow.StopAsync(Limit.Token);
        await app.AskAsync();
        var line = await app.Logs.WaitForAsync(line => line.EventId == 2010, Limit.Token).WhileRunning(_time, _step);
        Assert.Contains("is MLflow running?", line.Message, StringComparison.Ordinal);

        await app.Mlflow.RestartAsync(Limit.Token);

        await app.Mlflow.WaitForTracesAsync(1, Limit.Token).WhileRunning(_time, _step);
        Assert.Equal("", app.Counts.Dropped);
        Assert.Single(app.Logs.Of(2010));
    }

    [Theory]
    [InlineData("120", 119)]
    [InlineData("Wed, 01 Jan 2031 00:02:00 GMT", 119)]
    public async Task The_servers_wish_when_to_come_again_is_kept(string retryAfter, int seconds)
    {
        _time.AdjustTime(new DateTimeOffset(2031, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var app = await StartAsync();
        app.Mlflow.Enqueue(new ScriptedExchange { Path = "/v1/traces", Status = 503, Headers = new Dictionary<string, string> { ["Retry-After"] = retryAfter } });
        await app.AskAsync();
        await app.Logs.WaitForAsync(line => line.EventId == 2010, Limit.Token).WhileRunning(_time, TimeSpan.FromMilliseconds(10));
        Assert.True(_time.GetUtcNow() < new DateTimeOffset(2031, 1, 1, 0, 0, 30, TimeSpan.Zero), "The clock has run too far for this test.");
        var failed = _time.GetUtcNow();

        await app.Mlflow.WaitForTracesAsync(1, Limit.Token).WhileRunning(_time, TimeSpan.FromSeconds(1));

        Assert.InRange(_time.GetUtcNow() - failed, TimeSpan.FromSeconds(seconds - 30), TimeSpan.FromSeconds(seconds + 120));
    }

    [Fact]
    public async Task A_wish_of_no_time_at_all_does_not_make_a_storm()
    {
        await using var app = await StartAsync();
        for (var number = 0; number < 50; number++)
        {
            app.Mlflow.Enqueue(new ScriptedExchange { Path = "/v1/traces", Status = 503, Headers = new Dictionary<string, string> { ["Retry-After"] = "0" } });
        }

        await app.AskAsync();
        await app.Logs.WaitForAsync(line => line.EventId == 2010, Limit.Token).WhileRunning(_time, TimeSpan.FromMilliseconds(10));

        // The clock stands still now: whoever waits for a while, waits. Other work gets its turn meanwhile.
        for (var number = 0; number < 20; number++)
        {
            await app.AskAsync();
        }

        Assert.InRange(app.Exports.Count, 1, 3);
    }

    [Fact]
    public async Task After_the_time_for_trying_a_batch_is_dropped_and_the_next_is_tried()
    {
        await using var app = await StartAsync(options => options.MaxRetryDuration = TimeSpan.FromMinutes(2));
        app.Mlflow.FailNext(503, "busy", count: 1000, path: "/v1/traces");
        await app.AskAsync();

        await Dropped(app, "unreachable: 1").WhileRunning(_time, TimeSpan.FromSeconds(2));

        Assert.InRange(app.Exports.Count, 3, 30);
        Assert.Single(app.Logs.Of(2010));
    }

    [Fact]
    public async Task With_no_time_for_trying_there_is_one_try()
    {
        await using var app = await StartAsync(options => options.MaxRetryDuration = TimeSpan.Zero);
        app.Mlflow.FailNext(503, "busy", path: "/v1/traces");
        await app.AskAsync();

        await Dropped(app, "unreachable: 1").WhileRunning(_time, _step);

        Assert.Single(app.Exports);
    }

    [Fact]
    public async Task An_internal_error_that_stays_may_be_one_traces_fault_so_the_batch_is_split()
    {
        await using var app = await StartAsync(options => options.ExportInterval = TimeSpan.FromSeconds(30));
        for (var number = 0; number < 4; number++)
        {
            await app.AskAsync($"Question {number}?");
        }

        app.Mlflow.Intercept = async context =>
        {
            if (context.Request.Path.Value != "/v1/traces" || !await HoldsAsync(context, "Question 2?"))
            {
                return false;
            }

            context.Response.StatusCode = 500;
            context.Response.ContentType = "application/json";
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, """{"error_code":"INTERNAL_ERROR","message":"boom"}""", context.RequestAborted);
            return true;
        };

        await Dropped(app, "refused: 1").WhileRunning(_time, TimeSpan.FromSeconds(1));
        await app.Mlflow.WaitForTracesAsync(3, Limit.Token).WhileRunning(_time, TimeSpan.FromSeconds(1));

        Assert.DoesNotContain(app.Mlflow.Traces, trace => trace.RequestPreview == "Question 2?");
    }

    [Fact]
    public async Task An_experiment_that_vanishes_during_an_outage_is_created_anew()
    {
        await using var app = await StartAsync(options => options.ExperimentName = "mine");
        app.Mlflow.FailNext(503, "busy", path: "/v1/traces");
        app.Mlflow.FailNext(404, """{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"No Experiment with id=1 exists"}""", path: "/v1/traces");
        await app.AskAsync();

        await app.Mlflow.WaitForTracesAsync(1, Limit.Token).WhileRunning(_time, _step);

        Assert.Equal("", app.Counts.Dropped);
    }

    [Fact]
    public async Task A_connection_that_is_cut_is_tried_again()
    {
        await using var app = await StartAsync();
        app.Mlflow.Enqueue(new ScriptedExchange { Path = "/v1/traces", CutBeforeHeaders = true });
        await app.AskAsync();

        await app.Mlflow.WaitForTracesAsync(1, Limit.Token).WhileRunning(_time, _step);

        Assert.Equal("", app.Counts.Dropped);
    }

    private static async Task<bool> HoldsAsync(Microsoft.AspNetCore.Http.HttpContext context, string text)
    {
        using var plain = new MemoryStream();
        using (var body = new System.IO.Compression.GZipStream(context.Request.Body, System.IO.Compression.CompressionMode.Decompress, leaveOpen: true))
        {
            await body.CopyToAsync(plain, context.RequestAborted);
        }

        context.Request.Body.Position = 0;
        return System.Text.Encoding.UTF8.GetString(plain.ToArray()).Contains(text, StringComparison.Ordinal);
    }

    private static async Task<bool> Dropped(TracedApp app, string counts)
    {
        await Limit.Until(() => app.Counts.Dropped == counts);
        return true;
    }

    private Task<TracedApp> StartAsync(Action<MlflowTracingOptions>? tracing = null) => TracedApp.StartAsync(
        options =>
        {
            options.ShutdownTimeout = TimeSpan.Zero;
            tracing?.Invoke(options);
        },
        services: services => services.AddSingleton<TimeProvider>(_time));
}
