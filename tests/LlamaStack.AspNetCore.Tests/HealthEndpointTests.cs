using System.Net;
using Microsoft.AspNetCore.Builder;

namespace LlamaStack.AspNetCore.Tests;

/// <summary>Health as Kubernetes asks for it: alive, and ready.</summary>
[Collection(nameof(Tracing))]
public sealed class HealthEndpointTests
{
    /// <summary>Which server is away, and how the two endpoints answer.</summary>
    [Theory]
    [InlineData("none", HttpStatusCode.OK, "Healthy")]
    [InlineData("mlflow", HttpStatusCode.OK, "Degraded")]
    [InlineData("models", HttpStatusCode.ServiceUnavailable, "Unhealthy")]
    public async Task Alive_is_whoever_answers_and_ready_who_can_serve(string away, HttpStatusCode ready, string said)
    {
        await using var app = await WebApp.StartAsync(
            app =>
            {
                app.MapHealthChecks("/health/live", new() { Predicate = _ => false });
                app.MapHealthChecks("/health/ready", new() { Predicate = check => check.Tags.Contains("ready") });
            },
            options => options.HealthProbeInterval = TimeSpan.FromSeconds(1));
        await (away switch
        {
            "mlflow" => app.Mlflow.StopAsync(Limit.Token),
            "models" => app.Models.StopAsync(Limit.Token),
            _ => Task.CompletedTask,
        });

        using var tick = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        (HttpStatusCode Status, string Text) answer;
        do
        {
            await tick.WaitForNextTickAsync(Limit.Token);
            using var response = await app.SendAsync("GET", "/health/ready");
            answer = (response.StatusCode, await response.Content.ReadAsStringAsync(Limit.Token));
        }
        while (answer != (ready, said));

        using var live = await app.SendAsync("GET", "/health/live");
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
    }
}
