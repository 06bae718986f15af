using System.Diagnostics;
using System.Net;
using LlamaStack.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>The conventions' events, as log records that belong to the call's span.</summary>
public sealed class EventTests
{
    private const string Planted = "planted words";
    private const string Question = $$"""{"model":"m","messages":[{"role":"user","content":"{{Planted}}"}]}""";
    private const string Answer = $$$"""{"id":"c","model":"m-2","choices":[{"message":{"content":"{{{Planted}}}"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":2}}""";

    [Theory]
    [InlineData(ContentCapture.None, "Bad Request")]
    [InlineData(ContentCapture.Full, "Not valid: planted words")]
    public async Task A_failed_call_is_an_exception_event(ContentCapture capture, string message)
    {
        using var spans = Calls.Collect();
        var log = await Run(_ => StubServer.Json($$$"""{"error":{"message":"Not valid: {{{Planted}}}"}}""", HttpStatusCode.BadRequest), options => options.ContentCapture = capture);

        var record = Assert.Single(log.Records);
        var span = spans.Only();
        Assert.Equal((LogLevel.Warning, "gen_ai.client.operation.exception"), (record.Level, record.Event));
        Assert.Equal(("400", "400", message), (record["error.type"], record["exception.type"], record["exception.message"]));
        Assert.Equal(("chat", "m", "models.example"), (record["gen_ai.operation.name"], record["gen_ai.request.model"], record["server.address"]));
        Assert.Equal($"chat m failed (400): {message}", record.Text);
        Assert.Same(span, record.Activity);
        Assert.Same(spans.Root, Activity.Current);
    }

    [Fact]
    public async Task A_broken_call_tells_the_exception_with_its_stack()
    {
        using var spans = Calls.Collect();
        var log = await Run(_ => throw new HttpRequestException(HttpRequestError.ConnectionError, "Nobody listens."));

        var record = Assert.Single(log.Records);
        Assert.Equal(("connection_error", "System.Net.Http.HttpRequestException", "Nobody listens."), (record["error.type"], record["exception.type"], record["exception.message"]));
        Assert.Contains(nameof(StubServer), (string)record["exception.stacktrace"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_caller_cancels_is_no_warning()
    {
        using var spans = Calls.Collect();
        var log = await Run(_ => throw new OperationCanceledException());

        Assert.Equal(LogLevel.Debug, Assert.Single(log.Records).Level);
        Assert.Equal("cancelled", spans.Only().GetTagItem("error.type"));
    }

    [Fact]
    public async Task A_call_that_succeeds_is_no_event_unless_asked_for()
    {
        using var spans = Calls.Collect();
        Assert.Empty((await Run(_ => StubServer.Json(Answer))).Records);
    }

    [Theory]
    [InlineData(GenAIConvention.Released, ContentCapture.Full, true, LogLevel.Information)]
    [InlineData(GenAIConvention.Released, ContentCapture.Full, false, LogLevel.Information)]
    [InlineData(GenAIConvention.Latest, ContentCapture.Full, true, LogLevel.Debug)]
    [InlineData(GenAIConvention.Both, ContentCapture.None, true, LogLevel.Debug)]
    public async Task The_details_of_a_call_are_told_on_request(GenAIConvention convention, ContentCapture capture, bool writeMessages, LogLevel level)
    {
        using var spans = Calls.Collect();
        var log = await Run(_ => StubServer.Json(Answer), options =>
        {
            options.Convention = convention;
            options.ContentCapture = capture;
            options.WriteMessages = writeMessages;
            options.EmitOperationDetails = true;
        });

        var record = Assert.Single(log.Records);
        Assert.Equal((level, "gen_ai.client.inference.operation.details"), (record.Level, record.Event));
        Assert.Equal(("m-2", 5L), (record["gen_ai.response.model"], record["gen_ai.usage.input_tokens"]));
        Assert.Equal(capture is ContentCapture.Full, record["gen_ai.input.messages"] is string asked && asked.Contains(Planted, StringComparison.Ordinal));
        Assert.Equal(capture is ContentCapture.Full, record["gen_ai.output.messages"] is string answered && answered.Contains(Planted, StringComparison.Ordinal));
        Assert.Equal(capture is ContentCapture.Full, record.Attributes.Any(attribute => $"{attribute.Value}".Contains(Planted, StringComparison.Ordinal)));
        Assert.Same(spans.Only(), record.Activity);
    }

    [Fact]
    public async Task Details_are_of_calls_in_which_a_model_writes()
    {
        using var spans = Calls.Collect();
        var log = await Run(_ => StubServer.Json("""{"data":[]}"""), options => options.EmitOperationDetails = true, Calls.EmbeddingsPath);

        Assert.Empty(log.Records);
        Assert.Equal("embeddings m", spans.Only().DisplayName);
    }

    private static async Task<Recorder> Run(Func<HttpRequestMessage, HttpResponseMessage> answer, Action<GenAIInstrumentationOptions>? configure = null, string path = Calls.ChatPath)
    {
        var recorder = new Recorder();
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddProvider(recorder).SetMinimumLevel(LogLevel.Debug).AddFilter("System.Net.Http", LogLevel.None));
        services.AddHttpClient("models").AddGenAIInstrumentation(options =>
        {
            options.Convention = GenAIConvention.Released;
            options.EmitOperationDetails = false;
            configure?.Invoke(options);
        }).ConfigurePrimaryHttpMessageHandler(() => new StubServer(answer));
        await using var provider = services.BuildServiceProvider();
        using var client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("models");
        _ = await Record.ExceptionAsync(() => Calls.ReadAll(client, path, Question));
        return recorder;
    }

    /// <summary>Keeps log records with their attributes and the activity that was current.</summary>
    private sealed class Recorder : ILoggerProvider
    {
        public List<LogRecord> Records { get; } = [];

        public ILogger CreateLogger(string categoryName) => categoryName.StartsWith("LlamaStack.", StringComparison.Ordinal) ? new Logger(this) : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

        public void Dispose()
        {
        }

        private sealed class Logger(Recorder recorder) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull => null;

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
                recorder.Records.Add(new LogRecord(logLevel, eventId.Name, [.. (IReadOnlyList<KeyValuePair<string, object?>>)state!], formatter(state, exception), Activity.Current));
        }
    }

    private sealed record LogRecord(LogLevel Level, string? Event, IReadOnlyList<KeyValuePair<string, object?>> Attributes, string Text, Activity? Activity)
    {
        public object? this[string key] => Attributes.SingleOrDefault(attribute => attribute.Key == key).Value;
    }
}
