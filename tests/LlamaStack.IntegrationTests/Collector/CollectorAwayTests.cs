using LlamaStack.Instrumentation;
using LlamaStack.Mlflow;
using LlamaStack.Testing;
using LlamaStack.TestSupport;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace LlamaStack.IntegrationTests;

/// <summary>
/// The Collector is away, and so is the application before it comes back: OpenTelemetry's retry keeps what did not arrive in the spool directory, and the next application that uses
/// the directory delivers it. It looks there once a minute, so this takes longer than that.
/// </summary>
[Trait("Category", Drill.Category)]
[Collection(nameof(InProcessTracing))]
public sealed class CollectorAwayTests(PeersFixture peers) : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("collector-away-");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory(Skip = Drill.Skipped, SkipUnless = nameof(Drill.IsWanted), SkipType = typeof(Drill))]
    [InlineData("grpc")]
    [InlineData("http/protobuf")]
    public async Task Traces_outlive_the_Collectors_absence_and_the_application(string protocol)
    {
        using var mlflow = new HttpClient { BaseAddress = (await peers.MlflowAsync()).Address };
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: Cancellation);
        await using var second = await OtlpTestServer.StartAsync(cancellationToken: Cancellation);
        await using var collector = await ShippedCollector.StartAsync(mlflow.BaseAddress!, second.Endpoint, Cancellation);
        var (http, grpc) = (collector.Address, collector.Grpc);
        await collector.CrashAsync();

        await using (var first = Application(models, protocol, protocol == "grpc" ? grpc : http))
        {
            first.GetRequiredService<TracerProvider>();
            Assert.NotEmpty((await first.GetRequiredService<IChatClient>().GetResponseAsync("Hello?", cancellationToken: Cancellation)).Text);
        }

        Assert.NotEmpty(_directory.GetFiles("*.blob", SearchOption.AllDirectories));
        await collector.RestartAsync();
        await using var next = Application(models, protocol, protocol == "grpc" ? grpc : http);
        next.GetRequiredService<TracerProvider>();

        var call = (await second.WaitForSpansAsync(2, cancellationToken: Cancellation))[0];
        Assert.Equal("OK", (await CollectorTraces.WholeAsync(mlflow, $"tr-{call.TraceId}", 2, Cancellation)).State);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private ServiceProvider Application(LlamaStackTestServer models, string protocol, Uri collector)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol,
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.AbsoluteUri,
        }).Build());
        services.AddLlamaStack(options => (options.Endpoint, options.Model) = (models.Endpoint, "demo/llama"))
            .WithOtlpTracing(options => (options.SpoolDirectory, options.ContentCapture) = (_directory.FullName, ContentCapture.Full));
        return services.BuildServiceProvider();
    }
}
