using System.Text;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class LoopbackTestServerTests
{
    [Fact]
    public async Task A_request_is_recorded_as_it_was_sent()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);

        using var response = await server.SendAsync("POST", "/v1/nope/a%2Fb?x=1&y=%20", Encoding.UTF8.GetBytes("""{"a":"ø"}"""), ("X-Test", "1"), ("Content-Type", "application/json"));

        var request = Assert.Single(server.Requests);
        Assert.Equal("POST", request.Method);
        Assert.Equal("/v1/nope/a%2Fb?x=1&y=%20", request.PathAndQuery);
        Assert.Equal("/v1/nope/a%2Fb", request.Path);
        Assert.Equal("1", request.Headers["x-test"]);
        Assert.Equal("""{"a":"ø"}""", request.BodyText);
        Assert.Equal("ø", request.ReadJson()!["a"]!.ToString());
    }

    [Fact]
    public async Task A_wait_ends_with_the_request_it_is_for()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var waiting = server.WaitForRequestAsync(static request => request.Path == "/v1/version", Limit.Token);

        await server.GetAsync("/v1/health").TextAsync();
        Assert.False(waiting.IsCompleted);
        await server.GetAsync("/v1/version").TextAsync();

        Assert.Equal("GET /v1/version", (await waiting).ToString());
    }

    [Fact]
    public async Task A_wait_can_be_given_up()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        using var cancellation = new CancellationTokenSource();
        var waiting = server.WaitForRequestAsync(cancellationToken: cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    [Fact]
    public async Task An_intercept_may_answer_or_let_pass()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        server.Intercept = static async context =>
        {
            if (context.Request.Path != "/v1/version")
            {
                return false;
            }

            await context.Response.WriteAsync("mine", context.RequestAborted);
            return true;
        };

        Assert.Equal("mine", await server.GetAsync("/v1/version").TextAsync());
        Assert.Equal("""{"status":"OK"}""", await server.GetAsync("/v1/health").TextAsync());
    }

    [Fact]
    public async Task A_fault_of_the_stand_in_s_own_is_told_as_such()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        server.Intercept = static _ => throw new InvalidOperationException("a bug in a test");

        using var response = await server.GetAsync("/v1/health");

        Assert.Equal(500, (int)response.StatusCode);
        Assert.Contains("a bug in a test", await response.Content.ReadAsStringAsync(Limit.Token), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopped_server_refuses_and_comes_back_on_its_port_with_what_it_held()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var endpoint = server.Endpoint;
        await server.PostAsync("/api/2.0/mlflow/experiments/create", new System.Text.Json.Nodes.JsonObject { ["name"] = "kept" }).JsonAsync();

        await server.StopAsync(Limit.Token);
        await Assert.ThrowsAsync<HttpRequestException>(() => server.GetAsync("/health"));
        await server.RestartAsync(Limit.Token);

        Assert.Equal(endpoint, server.Endpoint);
        Assert.Equal("OK", await server.GetAsync("/health").TextAsync());
        Assert.Contains(server.Experiments, static experiment => experiment.Name == "kept");
        await Assert.ThrowsAsync<InvalidOperationException>(() => server.RestartAsync(Limit.Token));
    }

    [Fact]
    public async Task Stopping_does_not_wait_for_a_held_answer()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        server.Enqueue(new ScriptedExchange { BeforeHeaders = static aborted => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, aborted) });
        var sending = server.GetAsync("/v1/health");
        await server.WaitForRequestAsync(cancellationToken: Limit.Token);

        await server.StopAsync(Limit.Token);

        await Assert.ThrowsAsync<HttpRequestException>(() => sending);
    }

    [Fact]
    public async Task Many_requests_at_once_are_all_recorded()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);

        await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => server.GetAsync("/v1/health").TextAsync()));

        Assert.Equal(50, server.Requests.Count);
    }
}
