using System.Text;
using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class MlflowGateTests
{
    private static readonly (string, string)[] _probe = [("Content-Type", "application/x-protobuf"), ("x-mlflow-experiment-id", "0")];

    [Theory]
    [InlineData("localhost", null, 200)]
    [InlineData("localhost:5000", null, 200)]
    [InlineData("192.168.1.7:5000", null, 200)]
    [InlineData("172.31.0.1", null, 200)]
    [InlineData("172.32.0.1", null, 403)]
    [InlineData("mlflow:5000", null, 403)]
    [InlineData("mlflow:5000", "mlflow:*", 200)]
    [InlineData("mlflow", "mlflow:*", 403)]
    [InlineData("localhost", "mlflow:*", 403)]
    [InlineData("x.example.org", "*.example.org", 200)]
    [InlineData("x.example.org:443", "*.example.org", 403)]
    public async Task Hosts_are_let_in_by_list_or_by_default(string host, string? allowed, int status)
    {
        await using var server = await MlflowTestServer.StartAsync(new MlflowTestServerOptions { AllowedHosts = allowed is null ? [] : [allowed] }, Limit.Token);

        using var probe = await server.SendAsync("POST", "/v1/traces", [0x0a, 0x00], [.. _probe, ("Host", host)]);
        using var health = await server.SendAsync("GET", "/health", null, ("Host", host));

        Assert.Equal(status, (int)probe.StatusCode);
        Assert.Equal(200, (int)health.StatusCode);
    }

    [Theory]
    [InlineData("http://evil.example", 403)]
    [InlineData("http://localhost:3000", 400)]
    public async Task A_foreign_origin_may_not_write(string origin, int status)
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        using var rest = await server.SendAsync("POST", $"{MlflowCalls.Traces}/search", "{}"u8.ToArray(), ("Content-Type", "application/json"), ("Origin", origin));
        using var otlp = await server.SendAsync("POST", "/v1/traces", [0x0a, 0x00], [.. _probe, ("Origin", origin)]);

        Assert.Equal(status, (int)rest.StatusCode);
        Assert.Equal(200, (int)otlp.StatusCode);
    }

    [Theory]
    [InlineData("3.7.0", 200)]
    [InlineData("3.10.1", 401)]
    [InlineData("3.18.0", 401)]
    public async Task The_OTLP_route_is_guarded_since_3_10(string version, int status)
    {
        await using var server = await MlflowTestServer.StartAsync(new MlflowTestServerOptions { Version = version, Username = "admin", Password = "p" }, Limit.Token);

        using var probe = await server.SendAsync("POST", "/v1/traces", [0x0a, 0x00], _probe);

        Assert.Equal(status, (int)probe.StatusCode);
    }

    [Theory]
    [InlineData("GET", "/api/2.0/mlflow/experiments/get?experiment_id=0", 200)]
    [InlineData("POST", "/api/3.0/mlflow/traces/search", 400)]
    [InlineData("POST", "/api/2.0/mlflow/experiments/create", 400)]
    [InlineData("PATCH", "/api/3.0/mlflow/traces/tr-1/tags", 403)]
    [InlineData("POST", "/api/3.0/mlflow/traces/tr-1/assessments", 403)]
    [InlineData("POST", "/v1/traces", 403)]
    public async Task A_reader_may_read(string method, string path, int status)
    {
        var options = new MlflowTestServerOptions { Username = "admin", Password = "p", ReaderUsername = "reader" };
        await using var server = await MlflowTestServer.StartAsync(options, Limit.Token);
        var credentials = ("Authorization", $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes("reader:p"))}");

        using var response = await server.SendAsync(method, path, method == "GET" ? null : "{}"u8.ToArray(), method == "GET" ? [credentials] : [credentials, ("Content-Type", "application/json"), ("x-mlflow-experiment-id", "0")]);

        Assert.Equal(status, (int)response.StatusCode);
    }

    [Fact]
    public async Task Server_info_needs_no_user_and_knows_no_workspace()
    {
        await using var server = await MlflowTestServer.StartAsync(new MlflowTestServerOptions { Username = "admin", Password = "p" }, Limit.Token);

        using var response = await server.SendAsync("GET", "/api/3.0/mlflow/server-info", null, ("X-MLFLOW-WORKSPACE", "team"));

        Assert.Equal(200, (int)response.StatusCode);
    }
}
