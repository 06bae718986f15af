using LlamaStack.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace LlamaStack.Mlflow.Tests.Export;

/// <summary>What trying again does not help: no call fails or waits, one line says what to set, what is lost is counted, and health says the same.</summary>
[Collection(nameof(Tracing))]
public sealed class RefusalTests
{
    private const string Html = "<!doctype html>\n<html lang=en>\n<title>404 Not Found</title>";

    /// <summary>The server's answer to spans, what the line must name, and why they are counted as lost.</summary>
    public static TheoryData<string, int, string, string, string, string> Answers() => new()
    {
        { "401", 401, "text/plain", "You are not authenticated.", "MLFLOW_TRACKING_USERNAME", "refused" },
        { "403 permission", 403, "text/plain", "Permission denied", "EDIT permission", "refused" },
        { "403 host", 403, "text/plain", "Invalid Host header - possible DNS rebinding attack detected", "--allowed-hosts", "refused" },
        { "404 page", 404, "text/html", Html, "LlamaStack:Tracing:TracesEndpoint", "refused" },
        { "404 experiment", 404, "application/json", """{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"No Experiment with id=0 exists"}""", "No Experiment with id=0 exists", "refused" },
        { "413", 413, "text/html", "<html>Request Entity Too Large</html>", "413", "refused" },
        { "422 header", 422, "application/json", """{"detail":[{"type":"missing","loc":["header","x-mlflow-experiment-id"],"msg":"Field required","input":null}]}""", "x-mlflow-experiment-id", "refused" },
        { "400 content type", 400, "application/json", """{"detail":"Invalid Content-Type: None. Expected: application/x-protobuf"}""", "Invalid Content-Type", "refused" },
        { "500 workspace", 500, "application/json", """{"error_code":"FEATURE_DISABLED","message":"Workspace APIs are not available"}""", "MLFLOW_WORKSPACE", "refused" },
        { "501", 501, "application/json", """{"detail":"REST OTLP span logging is not supported by FileStore"}""", "--backend-store-uri", "refused" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Each_refusal_is_told_apart_and_told_once(string _, int status, string contentType, string body, string named, string reason)
    {
        await using var app = await TracedApp.StartAsync();
        app.Mlflow.Intercept = RefuseSpans(status, contentType, body);

        for (var number = 0; number < 3; number++)
        {
            await app.AskAsync();
            app.Flush();
        }

        var line = Assert.Single(app.Logs.All, line => line.EventId is 2010);
        Assert.Contains(named, line.Message, StringComparison.Ordinal);
        Assert.Contains(app.Mlflow.Endpoint.Authority, line.Message, StringComparison.Ordinal);
        Assert.Equal($"{reason}: 3", app.Counts.Dropped);
        Assert.Equal(0, app.Counts.Exported);
        var health = await app.ProbeAsync();
        Assert.NotEqual(HealthStatus.Healthy, health.Status);
        Assert.Contains(named, health.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Once_the_setting_is_right_traces_arrive_and_one_line_says_so()
    {
        await using var app = await TracedApp.StartAsync();
        app.Mlflow.Intercept = RefuseSpans(403, "text/plain", "Permission denied");
        await app.AskAsync();
        app.Flush();
        app.Mlflow.Intercept = null;

        await app.AskAsync();
        await app.AskAsync();
        app.Flush();

        Assert.Equal(2, app.Mlflow.Traces.Count);
        Assert.Single(app.Logs.Of(2011));
        Assert.Equal(HealthStatus.Healthy, (await app.ProbeAsync()).Status);
        Assert.Contains("1 were lost", (await app.ProbeAsync()).Description, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, null, "MLFLOW_TRACKING_USERNAME")]
    [InlineData("reader", "pw", "EDIT permission")]
    [InlineData("admin", "wrong", "MLFLOW_TRACKING_USERNAME")]
    public async Task A_server_with_its_auth_app_refuses_as_the_real_one(string? user, string? password, string named)
    {
        await using var app = await TracedApp.StartAsync(
            options => (options.Username, options.Password) = (user, password),
            server => (server.Username, server.Password, server.ReaderUsername) = ("admin", "pw", "reader"));
        await app.AskAsync();

        app.Flush();

        Assert.Contains(named, Assert.Single(app.Logs.Of(2010)).Message, StringComparison.Ordinal);
        Assert.Equal("refused: 1", app.Counts.Dropped);
        Assert.Empty(app.Mlflow.Traces);
    }

    [Fact]
    public async Task A_server_that_keeps_files_takes_no_spans()
    {
        await using var app = await TracedApp.StartAsync(mlflow: options => options.StoreType = MlflowStoreType.File);
        await app.AskAsync();

        app.Flush();

        Assert.Contains("sqlite:///mlflow.db", Assert.Single(app.Logs.Of(2010)).Message, StringComparison.Ordinal);
        Assert.Equal("refused: 1", app.Counts.Dropped);
    }

    [Fact]
    public async Task Who_answers_is_no_MLflow()
    {
        await using var app = await TracedApp.StartAsync();
        app.Mlflow.FailNext(200, "<html>Hello, I am a wiki</html>", path: "/version");
        await app.AskAsync();

        app.Flush();

        Assert.Contains("no MLflow server", Assert.Single(app.Logs.Of(2010)).Message, StringComparison.Ordinal);
        Assert.Equal("refused: 1", app.Counts.Dropped);
    }

    [Fact]
    public async Task The_one_bad_trace_of_a_batch_is_found_and_dropped_and_the_others_are_there()
    {
        await using var app = await TracedApp.StartAsync(options => options.ExportInterval = TimeSpan.FromMinutes(1));
        var elsewhere = await app.Services.GetRequiredService<MlflowClient>().GetOrCreateExperimentAsync("elsewhere", Limit.Token);
        for (var number = 0; number < 10; number++)
        {
            using var span = Instrumentation.LlamaStackTrace.StartSpan($"trace {number}");
            if (number == 6)
            {
                // A trace that lives in another experiment: a real server refuses it and all that came with it.
                await KeepAsync(app, elsewhere.Id, span.TraceId!);
            }
        }

        app.Flush();

        Assert.Equal(9, app.Mlflow.Traces.Count(trace => trace.ExperimentId != elsewhere.Id));
        Assert.DoesNotContain(app.Mlflow.Traces, trace => trace.Name == "trace 6");
        Assert.Equal("refused: 1", app.Counts.Dropped);
        Assert.Equal(9, app.Counts.Exported);
        var line = Assert.Single(app.Logs.Of(2012));
        Assert.Contains("tr-", line.Message, StringComparison.Ordinal);
        Assert.Contains("another experiment", line.Message, StringComparison.Ordinal);
        Assert.Equal(HealthStatus.Healthy, (await app.ProbeAsync()).Status);
    }

    [Theory]
    [InlineData(422, """{"detail":"Cannot convert OpenTelemetry span to MLflow span"}""")]
    [InlineData(400, """{"detail":"Invalid OpenTelemetry format"}""")]
    [InlineData(400, """{"error_code":"INVALID_PARAMETER_VALUE","message":"'Session ID' exceeds the maximum length of 250 characters"}""")]
    [InlineData(400, """{"error_code":"INVALID_PARAMETER_VALUE","message":"Trace with ID 'tr-1' already exists in another experiment."}""")]
    public async Task What_may_be_one_traces_fault_splits_the_batch(int status, string body)
    {
        await using var app = await TracedApp.StartAsync(options => options.ExportInterval = TimeSpan.FromMinutes(1));
        for (var number = 0; number < 4; number++)
        {
            await app.AskAsync();
        }

        // The batch, its first half, and the first trace of that; then come the second trace and the second half.
        app.Mlflow.FailNext(status, body, count: 3, path: "/v1/traces");
        app.Flush();

        Assert.Equal(3, app.Mlflow.Traces.Count);
        Assert.Equal("refused: 1", app.Counts.Dropped);
        Assert.Equal(5, app.Exports.Count);
    }

    [Fact]
    public async Task A_call_does_not_wait_for_a_server_that_hangs()
    {
        await using var app = await TracedApp.StartAsync(options => options.ShutdownTimeout = TimeSpan.Zero);
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var answer = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        app.Mlflow.Intercept = async context =>
        {
            asked.TrySetResult();
            await answer.Task.WaitAsync(context.RequestAborted);
            return false;
        };

        await app.AskAsync();
        await asked.Task.Soon();
        for (var number = 0; number < 5; number++)
        {
            Assert.NotEmpty(await app.AskAsync());
        }

        answer.SetResult();
        app.Flush();
        Assert.Equal(6, app.Mlflow.Traces.Count);
    }

    private static Func<Microsoft.AspNetCore.Http.HttpContext, Task<bool>> RefuseSpans(int status, string contentType, string body) => async context =>
    {
        // The empty probe of the health check is answered alike.
        if (context.Request.Path.Value != "/v1/traces")
        {
            return false;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
        await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(context.Response, body, context.RequestAborted);
        return true;
    };

    internal static async Task KeepAsync(TracedApp app, string experimentId, string traceId)
    {
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(app.Mlflow.Endpoint, "/v1/traces"))
        {
            Content = new StringContent($$"""{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"{{traceId[3..]}}","spanId":"00000000000000aa","name":"x"}] }] }]}""", null, "application/json"),
        };
        request.Headers.Add("x-mlflow-experiment-id", experimentId);
        using var response = await http.SendAsync(request, Limit.Token);
        Assert.True(response.IsSuccessStatusCode);
    }
}
