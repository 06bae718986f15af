using LlamaStack.Instrumentation;
using LlamaStack.Mlflow;
using LlamaStack.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace LlamaStack.Interop.Tests;

/// <summary>Without content nothing of what was said leaves the application, by any stack and any way.</summary>
[Collection(nameof(Application))]
public sealed class ContentTests
{
    /// <summary>From the questions, the instructions, the arguments and results of the tools, and the answers.</summary>
    private static readonly string[] _said = ["telescope", "Paris", "Oslo", "Louvre", "17 C", "Be brief", "canned model"];

    public static TheoryData<string> Names => StackTests.Names;

    [Theory]
    [MemberData(nameof(Names))]
    public async Task What_was_said_stays_in_the_application(string name)
    {
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var exported = new Exported();
        await RunAsync(name, mlflow.Endpoint, exported, options => options.ContentCapture = ContentCapture.None);

        Assert.NotEmpty(mlflow.Traces);
        AssertSilent(exported.Texts.Concat(BodiesOf(mlflow)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task It_stays_there_in_mode_Otlp_as_well_and_by_default(string name)
    {
        await using var collector = await OtlpTestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var exported = new Exported();
        await RunAsync(name, new Uri("http://127.0.0.1:9"), exported, options => options.Mode = TracingMode.Otlp, collector.Endpoint);

        Assert.NotEmpty(collector.Spans);
        AssertSilent(exported.Texts.Concat(BodiesOf(collector)));
    }

    /// <summary>What a function throws is often of what it was called with. (The libraries' own spans hold it for whoever else exports them: that is theirs to decide.)</summary>
    [Theory]
    [InlineData(false, ContentCapture.None)]
    [InlineData(true, ContentCapture.None)]
    [InlineData(false, ContentCapture.Full)]
    [InlineData(true, ContentCapture.Full)]
    public async Task What_a_function_throws_is_content(bool isKernel, ContentCapture capture)
    {
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var application = await Application.StartAsync(mlflow.Endpoint, ["Experimental.*", "Microsoft.SemanticKernel*"], options =>
        {
            options.Compress = false;
            options.ContentCapture = capture;
        });
        Func<string, string> fails = static city => throw new InvalidOperationException($"Nobody knows the weather in {city}.");
        await (isKernel ? KernelStacks.AskAsync(application, fails) : ExtensionsAIStacks.AskAsync(application, fails));

        var trace = Assert.Single(await application.TracesAsync());
        Assert.Equal("STATUS_CODE_ERROR", trace.Spans.Single(span => span.Type == "TOOL").Status);
        Assert.Equal(capture is ContentCapture.Full, BodiesOf(mlflow).Any(body => body.Contains("Paris", StringComparison.Ordinal)));
    }

    /// <summary>A library's own switch decides what it tells everybody; what reaches MLflow, ours decides.</summary>
    [Theory]
    [InlineData(ContentCapture.None)]
    [InlineData(ContentCapture.Full)]
    public async Task What_another_library_records_of_content_is_content(ContentCapture capture)
    {
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await using var application = await Application.StartAsync(mlflow.Endpoint, ["Experimental.*"], options =>
        {
            options.Compress = false;
            options.ContentCapture = capture;
        });
        await ExtensionsAIStacks.AskAsync(application, static city => $"{city}: 17 C", telemetry => telemetry.EnableSensitiveData = true);

        Assert.Single(await application.TracesAsync());
        Assert.Equal(capture is ContentCapture.Full, BodiesOf(mlflow).Any(body => body.Contains("Paris", StringComparison.Ordinal)));
    }

    /// <summary>The words are the right ones, and the place is where to look.</summary>
    [Fact]
    public async Task With_content_it_is_found()
    {
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        using var exported = new Exported();
        foreach (var stack in (string[])["M.E.AI, plain", "M.E.AI, structured output", "Agent Framework, UseOpenTelemetry"])
        {
            await RunAsync(stack, mlflow.Endpoint, exported, options => options.ContentCapture = ContentCapture.Full);
        }

        Assert.All(_said, word => Assert.Contains(mlflow.Requests, request => request.BodyText.Contains(word, StringComparison.Ordinal)));
    }

    private static IEnumerable<string> BodiesOf(LoopbackTestServer server) => server.Requests.Select(request => request.BodyText);

    private static void AssertSilent(IEnumerable<string> exported)
    {
        var texts = exported.ToList();
        Assert.Contains(texts, text => text.StartsWith("span ", StringComparison.Ordinal));
        Assert.Contains(texts, text => text.StartsWith("metric ", StringComparison.Ordinal));
        Assert.DoesNotContain(texts, text => _said.Any(word => text.Contains(word, StringComparison.OrdinalIgnoreCase)));
    }

    private static async Task RunAsync(string name, Uri mlflow, Exported exported, Action<MlflowTracingOptions> configure, Uri? collector = null)
    {
        var stack = Stacks.All.Single(stack => stack.Name == name);
        await using var application = await Application.StartAsync(
            mlflow,
            stack.Sources,
            options =>
            {
                options.Compress = false;
                configure(options);
            },
            services =>
            {
                exported.Configure(services);
                services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
                {
                    ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector?.AbsoluteUri,
                    ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
                }).Build());
            });
        await stack.RunAsync(application);
        Assert.True(application.Services.GetRequiredService<TracerProvider>().ForceFlush(30_000));
    }
}
