using System.Diagnostics;
using LlamaStack.Client;
using LlamaStack.Instrumentation;
using LlamaStack.Testing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow.Tests.DependencyInjection;

[Collection(nameof(Tracing))]
public sealed class RegistrationTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task All_services_can_be_made(bool otlp)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        var builder = services.AddLlamaStack();
        _ = otlp ? builder.WithOtlpTracing() : builder.WithMlflowTracing(options => options.TrackingUri = new Uri("http://localhost:5000"));
        await using var provider = TracedApp.Build(services);

        Assert.NotNull(provider.GetRequiredService<TracerProvider>());
        Assert.NotNull(provider.GetRequiredService<HealthCheckService>());
        Assert.Equal(["llamastack", "mlflow"], provider.GetServices<IProbe>().Select(probe => probe.Name).Order());
        Assert.Contains(provider.GetServices<IHostedService>(), service => service is HealthMonitor);
    }

    [Fact]
    public async Task Without_configuration_logging_or_host_calls_are_traced_all_the_same()
    {
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var services = new ServiceCollection();
        services.AddLlamaStack(options => options.Endpoint = models.Endpoint).WithMlflowTracing(options => options.TrackingUri = mlflow.Endpoint);
        await using (var provider = TracedApp.Build(services))
        {
            await provider.GetRequiredService<IChatClient>().GetResponseAsync("Hello?", cancellationToken: Limit.Token);
        }

        Assert.Equal("Hello?", Assert.Single(mlflow.Traces).RequestPreview);
    }

    [Fact]
    public async Task Calling_it_twice_adds_settings_and_nothing_twice()
    {
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var services = new ServiceCollection();
        services.AddLlamaStack(options => options.Endpoint = models.Endpoint)
            .WithMlflowTracing(options => (options.TrackingUri, options.ExperimentName) = (mlflow.Endpoint, "first"))
            .WithMlflowTracing(options => options.ExperimentName = "second");
        await using var provider = TracedApp.Build(services);

        await provider.GetRequiredService<IChatClient>().GetResponseAsync("Hello?", cancellationToken: Limit.Token);
        provider.GetRequiredService<TracerProvider>().ForceFlush(30_000);

        Assert.Single(Assert.Single(mlflow.Traces).Spans);
        Assert.Equal("second", mlflow.Experiments.Single(experiment => experiment.Id == mlflow.Traces[0].ExperimentId).Name);
        Assert.Equal(2, provider.GetServices<IProbe>().Count());
        Assert.Single(provider.GetServices<IHostedService>(), service => service is HealthMonitor);
        Assert.Equal(2, provider.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Count);
    }

    [Fact]
    public async Task Several_servers_are_traced_alike_and_each_has_its_own_check()
    {
        await using var one = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        await using var two = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var services = new ServiceCollection();
        services.AddLlamaStack(options => options.Endpoint = one.Endpoint).WithMlflowTracing(options => options.TrackingUri = mlflow.Endpoint);
        services.AddLlamaStack("two", options => options.Endpoint = two.Endpoint).WithMlflowTracing();
        await using var provider = TracedApp.Build(services);

        await provider.GetRequiredService<IChatClient>().GetResponseAsync("One?", cancellationToken: Limit.Token);
        await provider.GetRequiredKeyedService<IChatClient>("two").GetResponseAsync("Two?", cancellationToken: Limit.Token);
        provider.GetRequiredService<TracerProvider>().ForceFlush(30_000);

        Assert.Equal(["One?", "Two?"], mlflow.Traces.Select(trace => trace.RequestPreview).Order());
        Assert.Equal(["llamastack", "llamastack-two", "mlflow"], provider.GetServices<IProbe>().Select(probe => probe.Name).Order());
        Assert.Equal(["llamastack", "llamastack-two", "mlflow"], provider.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Select(check => check.Name).Order());
    }

    [Fact]
    public async Task An_application_that_has_named_servers_only_starts()
    {
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var builder = NewHost();
        builder.Services.AddLlamaStack("only", options => options.Endpoint = models.Endpoint).WithMlflowTracing(options => options.TrackingUri = mlflow.Endpoint);
        using var host = builder.Build();

        await host.StartAsync(Limit.Token);

        var report = await host.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync(Limit.Token);
        Assert.Equal(HealthStatus.Healthy, report.Status);
        Assert.Equal(["llamastack-only", "mlflow"], report.Entries.Keys.Order());
        await host.StopAsync(Limit.Token);
    }

    [Fact]
    public async Task A_host_starts_tracing_and_delivers_at_its_end()
    {
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var builder = NewHost();
        builder.Services.AddLlamaStack(options => options.Endpoint = models.Endpoint)
            .WithMlflowTracing(options => (options.TrackingUri, options.ExportInterval) = (mlflow.Endpoint, TimeSpan.FromMinutes(1)));
        using (var host = builder.Build())
        {
            await host.StartAsync(Limit.Token);
            using (LlamaStackTrace.StartSpan("work"))
            {
                // Nobody has asked for a client yet: the host has started the provider.
            }

            await host.Services.GetRequiredService<IChatClient>().GetResponseAsync("Hello?", cancellationToken: Limit.Token);
            await host.StopAsync(Limit.Token);
        }

        Assert.Equal(["chat demo/llama", "work"], mlflow.Traces.Select(trace => trace.Name).Order());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_joins_the_applications_own_OpenTelemetry(bool before)
    {
        var seen = new List<string>();
        await using var app = await TracedApp.StartAsync(services: services =>
        {
            if (before)
            {
                services.AddOpenTelemetry().WithTracing(tracing => tracing.AddSource("Shop").AddProcessor(new Listener(seen)));
            }
            else
            {
                services.ConfigureOpenTelemetryTracerProvider((_, tracing) => tracing.AddSource("Shop").AddProcessor(new Listener(seen)));
            }
        });
        using var shop = new ActivitySource("Shop");
        using (shop.StartActivity("checkout"))
        {
            await app.AskAsync();
        }

        using (shop.StartActivity("unrelated"))
        {
        }

        var trace = app.FlushedTrace();
        Assert.Equal(["checkout", "chat demo/llama"], trace.Spans.Select(span => span.Name));
        Assert.Equal(["chat demo/llama", "checkout", "unrelated"], seen);
        Assert.Single(app.Services.GetServices<TracerProvider>());
    }

    [Fact]
    public async Task Switched_off_nothing_is_traced_and_no_server_is_asked()
    {
        await using var app = await TracedApp.StartAsync(options => (options.Enabled, options.TrackingUri) = (false, null));

        Assert.NotEmpty(await app.AskAsync());
        app.Flush();

        Assert.Empty(app.Mlflow.Requests);
        Assert.Contains("MLFLOW_ENABLE_TRACING", Assert.Single(app.Logs.Of(2003)).Message, StringComparison.Ordinal);
        var health = await app.ProbeAsync();
        Assert.Equal(HealthStatus.Healthy, health.Status);
        Assert.Contains("switched off", health.Description, StringComparison.Ordinal);
        Assert.False(app.Models.Requests.Single(request => request.Method == "POST").Headers.ContainsKey("traceparent"));
    }

    [Fact]
    public async Task The_MLflow_client_can_be_had_and_says_what_it_lacks_where_no_address_is_known()
    {
        await using var app = await TracedApp.StartAsync();
        Assert.Equal(new Version(3, 18, 0), await app.Services.GetRequiredService<MlflowClient>().GetVersionAsync(Limit.Token));
        var services = new ServiceCollection();
        services.AddLlamaStack().WithOtlpTracing();
        await using var provider = TracedApp.Build(services);

        var failure = Assert.Throws<InvalidOperationException>(() => provider.GetRequiredService<MlflowClient>());

        Assert.Contains("MLFLOW_TRACKING_URI", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_but_a_builder_will_do() =>
        Assert.Throws<ArgumentNullException>(() => MlflowLlamaStackBuilderExtensions.WithMlflowTracing(null!));

    internal static HostApplicationBuilder NewHost(Dictionary<string, string?>? configuration = null)
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings { EnvironmentName = Environments.Development });
        builder.ConfigureContainer(new DefaultServiceProviderFactory(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true }));
        builder.Configuration.AddInMemoryCollection(configuration ?? []);
        return builder;
    }

    private sealed class Listener(List<string> seen) : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            if (data.Source.Name is "Shop" or "LlamaStack.Instrumentation")
            {
                seen.Add(data.DisplayName);
            }
        }
    }
}
