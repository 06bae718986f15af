using System.Diagnostics;
using LlamaStack.Testing;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry;
using OpenTelemetry.Trace;

namespace LlamaStack.IntegrationTests;

/// <summary>In mode Otlp the HTTP span of a model call hangs below it; other calls of the application are its own business.</summary>
[Collection(nameof(InProcessTracing))]
public sealed class HttpSpanTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("not at all", false)]
    [InlineData("before", true)]
    [InlineData("after", true)]
    public async Task The_application_sees_spans_of_its_other_calls_where_it_has_asked_for_them(string instrumented, bool seesOthers)
    {
        await using var models = await LlamaStackTestServer.StartAsync(cancellationToken: Cancellation);
        List<Activity> exported = [];
        var services = new ServiceCollection();
        services.AddLogging();
        if (instrumented is "before")
        {
            services.AddOpenTelemetry().WithTracing(tracing => tracing.AddHttpClientInstrumentation());
        }

        services.AddOpenTelemetry().WithTracing(tracing => tracing.AddInMemoryExporter(exported));
        services.AddLlamaStack(options =>
        {
            options.Endpoint = models.Endpoint;
            options.Model = "demo/llama";
        }).WithOtlpTracing();
        if (instrumented is "after")
        {
            services.AddOpenTelemetry().WithTracing(tracing => tracing.AddHttpClientInstrumentation().AddHttpClientInstrumentation());
        }

        await using var provider = services.BuildServiceProvider();
        var tracing = provider.GetRequiredService<TracerProvider>();
        using var client = provider.GetRequiredService<IChatClient>();

        await client.GetResponseAsync("Hi", cancellationToken: Cancellation);
        using var other = new HttpClient();
        await other.GetStringAsync(new Uri(models.Endpoint, "v1/version"), Cancellation);

        tracing.ForceFlush(1000);
        var call = exported.Single(span => span.Kind is ActivityKind.Client && span.DisplayName == "chat demo/llama" && models.Requests.Any(request => TraceParentOf(request)?.Contains(span.TraceId.ToHexString(), StringComparison.Ordinal) == true));
        var transport = Assert.Single(exported, span => span.ParentSpanId == call.SpanId);
        Assert.Equal("POST", transport.DisplayName);
        Assert.Equal(transport.Id, TraceParentOf(models.Requests.Single(request => request.Path == "/v1/chat/completions")));
        Assert.Equal(seesOthers, exported.Any(span => $"{span.GetTagItem("url.full")}".StartsWith(new Uri(models.Endpoint, "v1/version").AbsoluteUri, StringComparison.Ordinal)));
    }

    private static string? TraceParentOf(RecordedRequest request) => request.Headers.GetValueOrDefault("traceparent");
}
