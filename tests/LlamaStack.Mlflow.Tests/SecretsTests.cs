using LlamaStack.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace LlamaStack.Mlflow.Tests;

/// <summary>A password or token is sent to MLflow and stands nowhere else.</summary>
[Collection(nameof(Tracing))]
public sealed class SecretsTests
{
    private const string Secret = "planted-pw";

    public static TheoryData<string, Action<MlflowTracingOptions, Uri>> Places() => new()
    {
        { "password", (options, mlflow) => (options.TrackingUri, options.Username, options.Password) = (mlflow, "ann", Secret) },
        { "token", (options, mlflow) => (options.TrackingUri, options.Token) = (mlflow, Secret) },
        { "address", (options, mlflow) => options.TrackingUri = WithUser(mlflow) },
    };

    [Theory]
    [MemberData(nameof(Places), DisableDiscoveryEnumeration = true)]
    public async Task A_secret_is_sent_and_stands_in_no_log_health_answer_or_text(string place, Action<MlflowTracingOptions, Uri> plant)
    {
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        await using var app = await TracedApp.StartAsync(options => plant(options, mlflow.Endpoint));
        List<string> told = [];

        // Everything that can be told: that it works, that the server refuses, fails, is away, is silent, and that something else answers.
        await app.AskAsync();
        app.Flush();
        told.Add((await app.ProbeAsync()).Description);
        mlflow.FailNext(401, "who?", path: "/v1/traces");
        await app.AskAsync();
        app.Flush();
        told.Add((await app.ProbeAsync()).Description);
        mlflow.FailNext(200, "a wiki", path: "/version");
        told.Add((await app.ProbeAsync()).Description);
        mlflow.FailNext(500, "boom", path: "/version");
        told.Add((await app.ProbeAsync()).Description);
        await mlflow.StopAsync(Limit.Token);
        told.Add((await app.ProbeAsync()).Description);
        told.Add(app.Services.GetRequiredService<IOptions<MlflowTracingOptions>>().Value.ToString());
        told.Add((await Assert.ThrowsAsync<MlflowException>(() => app.Services.GetRequiredService<MlflowClient>().GetVersionAsync(Limit.Token))).ToString());

        Assert.Contains(app.Logs.All, line => line.EventId == 2001);
        Assert.All(told.Concat(app.Logs.All.Select(line => line.ToString())), text => Assert.DoesNotContain(Secret, text, StringComparison.Ordinal));
        Assert.All(mlflow.Requests, request => Assert.Equal(place == "token" ? $"Bearer {Secret}" : "Basic " + Convert.ToBase64String("ann:planted-pw"u8), request.Headers["Authorization"]));
        Assert.Single(mlflow.Traces);
    }

    [Theory]
    [InlineData("http://ann:planted-pw@host:5000/ml?x=1#y")]
    [InlineData("htp://ann:planted-pw@host:5000")]
    [InlineData("ann:planted-pw@host:5000")]
    [InlineData("//ann:planted-pw@host")]
    public async Task A_wrong_address_is_told_without_its_password(string address)
    {
        var options = new MlflowTracingOptions { TrackingUri = new Uri(address, UriKind.RelativeOrAbsolute), TracesEndpoint = new Uri(address, UriKind.RelativeOrAbsolute), MaxBatchTraces = 0 };
        var builder = DependencyInjection.RegistrationTests.NewHost();
        builder.Services.AddLlamaStack().WithMlflowTracing(code => (code.TrackingUri, code.TracesEndpoint, code.MaxBatchTraces) = (options.TrackingUri, options.TracesEndpoint, 0));
        using var host = builder.Build();

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Limit.Token));

        Assert.DoesNotContain(Secret, failure.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, options.ToString(), StringComparison.Ordinal);
        Assert.Contains("host", options.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_user_in_the_address_may_hold_any_character()
    {
        using var http = new HttpClient();

        MlflowHttp.Configure(http, new MlflowTracingOptions { TrackingUri = new Uri("http://a%40b:p%3Aw%2F@host:5000/ml") });

        Assert.Equal("http://host:5000/ml/", http.BaseAddress?.AbsoluteUri);
        Assert.Equal("Basic " + Convert.ToBase64String("a@b:p:w/"u8), http.DefaultRequestHeaders.Authorization?.ToString());
    }

    private static Uri WithUser(Uri address) => new UriBuilder(address) { UserName = "ann", Password = Secret }.Uri;
}
