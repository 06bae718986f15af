using System.Diagnostics;
using System.Text.Json.Nodes;
using LlamaStack.Testing;
using Microsoft.SemanticKernel;
using OpenTelemetry.Trace;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>What the spans of functions hold when they have reached MLflow.</summary>
[Collection(nameof(WholePath))]
public sealed class FunctionSpanTests
{
    [Fact]
    public async Task A_tool_has_its_arguments_its_result_its_plugin_and_the_id_of_its_call()
    {
        await using var path = await WholePath.StartAsync();
        await path.Kernel.InvokePromptAsync("Tell me of the weather and the wind in Rome and Oslo, both.", new(Auto), cancellationToken: Ct);

        var trace = await path.TraceAsync();
        var (weather, wind) = (Span(trace, "get_weather"), Span(trace, "get_wind"));
        Assert.Equal(("""{"city":"Rome"}""", "Rome: 17 C"), (Text(weather, "mlflow.spanInputs"), Text(weather, "mlflow.spanOutputs")));
        Assert.Equal(("""{"city":"Rome","day":3}""", """{"speed":4,"from":"east"}"""), (Text(wind, "mlflow.spanInputs"), Text(wind, "mlflow.spanOutputs")));
        Assert.Equal("weather", Text(weather, "semantic_kernel.plugin.name"));
        Assert.Equal("get_weather", Text(weather, "gen_ai.tool.name"));
        var asked = path.LlamaStack.Requests[^1].ReadJson()!["messages"]![1]!["tool_calls"]!.AsArray();
        Assert.Equal([.. asked.Select(call => (string?)call!["id"])], [Text(weather, "gen_ai.tool.call.id"), Text(wind, "gen_ai.tool.call.id")]);
    }

    [Fact]
    public async Task A_function_that_runs_before_any_model_call_is_recorded()
    {
        await using var path = await WholePath.StartAsync();
        string? traceId = null;
        var note = KernelFunctionFactory.CreateFromMethod((Kernel kernel, CancellationToken _, string text) => traceId = Instrumentation.LlamaStackTrace.CurrentTraceId, "note");
        await path.Kernel.InvokeAsync(note, new() { ["text"] = "first" }, Ct);

        var trace = await path.Mlflow.WaitForTraceAsync(traceId!, Ct).Soon();
        Assert.Equal(("note", "note TOOL", "OK"), (trace.Name, Tree.Of(trace), trace.State));
        Assert.Equal("""{"text":"first"}""", Text(trace.Spans.Single(), "mlflow.spanInputs"));
        Assert.Empty(path.LlamaStack.Requests);
    }

    [Fact]
    public async Task What_waits_is_sent_when_the_kernels_tracing_is_flushed()
    {
        await using var path = await WholePath.StartAsync(options => options.ExportInterval = TimeSpan.FromMinutes(1));
        await path.Kernel.InvokePromptAsync("Hi", cancellationToken: Ct);
        Assert.True(path.Kernel.GetRequiredService<TracerProvider>().ForceFlush(30_000));
        Assert.Equal("OK", Assert.Single(path.Mlflow.Traces).State);
    }

    [Fact]
    public async Task What_waits_is_sent_when_the_kernels_services_are_disposed()
    {
        await using var path = await WholePath.StartAsync(options => options.ExportInterval = TimeSpan.FromMinutes(1));
        await path.Kernel.InvokePromptAsync("Hi", cancellationToken: Ct);
        (path.Kernel.Services as IDisposable)!.Dispose();
        Assert.Equal("OK", Assert.Single(path.Mlflow.Traces).State);
    }

    [Fact]
    public async Task A_function_that_throws_is_an_error_and_the_model_goes_on()
    {
        await using var path = await WholePath.StartAsync();
        await path.Kernel.InvokePromptAsync("Tell me of weather_get_storm in Rome", new(Auto), cancellationToken: Ct);

        var trace = await path.TraceAsync();
        Assert.Equal("prompt CHAIN\n  chat demo/llama CHAT_MODEL\n  get_storm TOOL ERROR\n  chat demo/llama CHAT_MODEL", Tree.Of(trace));
        Assert.Equal("OK", trace.State);
        var storm = Span(trace, "get_storm");
        Assert.Equal("No storm is known in Rome.", storm.StatusMessage);
        var thrown = Assert.Single(storm.Events, item => item.Name == "exception");
        Assert.Equal(("System.InvalidOperationException", "No storm is known in Rome."), ((string?)thrown.Attributes["exception.type"], (string?)thrown.Attributes["exception.message"]));
    }

    [Fact]
    public async Task A_prompt_that_fails_is_an_error_of_its_trace()
    {
        await using var path = await WholePath.StartAsync();
        await Assert.ThrowsAsync<Client.LlamaStackException>(() => path.Kernel.InvokePromptAsync("Hi", new(new PromptExecutionSettings { ModelId = "nobody/knows" }), cancellationToken: Ct));
        await Assert.ThrowsAsync<Client.LlamaStackException>(() => path.Kernel.InvokePromptStreamingAsync("Hi", new(new PromptExecutionSettings { ModelId = "nobody/knows" }), cancellationToken: Ct).TextAsync());

        foreach (var trace in await path.Mlflow.WaitForTracesAsync(2, Ct).Soon())
        {
            Assert.Equal("prompt CHAIN ERROR\n  chat nobody/knows CHAT_MODEL ERROR", Tree.Of(trace));
            Assert.Equal("ERROR", trace.State);
        }
    }

    [Fact]
    public async Task A_model_that_asks_for_an_unknown_function_is_told_so_and_so_is_the_trace()
    {
        await using var path = await WholePath.StartAsync();
        path.LlamaStack.Enqueue(ScriptedExchange.Json("/v1/chat/completions", """
            {"id":"c-1","object":"chat.completion","model":"demo/llama","choices":[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","tool_calls":[
            {"id":"call_1","type":"function","function":{"name":"weather_get_tide","arguments":"{\"city\":\"Rome\"}"}}]}}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}
            """));
        await path.Kernel.InvokePromptAsync("Hi", new(Auto), cancellationToken: Ct);

        var trace = await path.TraceAsync();
        Assert.Equal("prompt CHAIN\n  chat demo/llama CHAT_MODEL\n  weather_get_tide TOOL ERROR\n  chat demo/llama CHAT_MODEL", Tree.Of(trace));
        var tide = Span(trace, "weather_get_tide");
        Assert.Equal("The model asked for 'weather_get_tide', which it was not offered.", tide.StatusMessage);
        Assert.Equal(("""{"city":"Rome"}""", "call_1"), (Text(tide, "mlflow.spanInputs"), Text(tide, "gen_ai.tool.call.id")));
        Assert.Equal("OK", trace.State);
        var told = path.LlamaStack.Requests[^1].ReadJson()!["messages"]!.AsArray()[^1]!;
        Assert.Equal(("tool", "call_1"), ((string?)told["role"], (string?)told["tool_call_id"]));
        Assert.Contains("not found", (string?)told["content"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prompt_that_a_model_asks_for_is_a_tool()
    {
        await using var path = await WholePath.StartAsync();
        var summarize = path.Kernel.CreateFunctionFromPrompt("Sum up: {{$input}}", functionName: "summarize", description: "Sums a text up.");
        path.Kernel.Plugins.AddFromFunctions("texts", [summarize]);
        await path.Kernel.InvokePromptAsync("Use texts_summarize for me", new(new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto([path.Kernel.Plugins["texts"]["summarize"]]) }), cancellationToken: Ct);

        var trace = await path.TraceAsync();
        Assert.Equal(
            "prompt CHAIN\n  chat demo/llama CHAT_MODEL\n  summarize TOOL\n    chat demo/llama CHAT_MODEL\n  chat demo/llama CHAT_MODEL",
            Tree.Of(trace));
        Assert.Equal("""{"input":"Use texts_summarize for me"}""", Text(Span(trace, "summarize"), "mlflow.spanInputs"));
        Assert.StartsWith("Hello!", Text(Span(trace, "summarize"), "mlflow.spanOutputs"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_prompt_that_is_a_conversation_is_drawn_as_one()
    {
        await using var path = await WholePath.StartAsync();
        const string Template = """<message role="system">Be {{$tone}}.</message><message role="user">Who are you?</message>""";
        await path.Kernel.InvokePromptAsync(Template, new() { ["tone"] = "kind & brief" }, cancellationToken: Ct);

        var trace = await path.TraceAsync();
        Assert.Equal("Who are you?", trace.RequestPreview);
        var inputs = JsonNode.Parse(Text(trace.Spans[0], "mlflow.spanInputs")!)!;
        JsonAssert.Equal("messages", path.LlamaStack.Requests[^1].ReadJson()!["messages"]!, inputs["messages"]!);
        Assert.Equal("kind & brief", (string?)inputs["arguments"]!["tone"]);
    }

    [Fact]
    public async Task A_streamed_function_of_the_application_is_a_tool_with_what_was_read()
    {
        await using var path = await WholePath.StartAsync();
        string? traceId = null;
        var count = KernelFunctionFactory.CreateFromMethod((int upTo) => Count(upTo), "count");
        await foreach (var number in path.Kernel.InvokeStreamingAsync<int>(count, new() { ["upTo"] = 9 }, Ct))
        {
            Assert.Null(Activity.Current);
            if (number == 2)
            {
                break;
            }
        }

        var trace = await path.Mlflow.WaitForTraceAsync(traceId!, Ct).Soon();
        Assert.Equal("count TOOL", Tree.Of(trace));
        Assert.Equal("[0,1,2]", Text(trace.Spans.Single(), "mlflow.spanOutputs"));

        async IAsyncEnumerable<int> Count(int upTo)
        {
            for (var i = 0; i < upTo; i++)
            {
                traceId = Instrumentation.LlamaStackTrace.CurrentTraceId;
                await Task.Yield();
                yield return i;
            }
        }
    }

    [Fact]
    public async Task Values_that_cannot_be_written_fail_nothing()
    {
        await using var path = await WholePath.StartAsync();
        string? traceId = null;
        var odd = KernelFunctionFactory.CreateFromMethod(
            (object value) =>
            {
                traceId = Instrumentation.LlamaStackTrace.CurrentTraceId;
                return value;
            },
            "odd");
        var value = new Unwritable();
        Assert.Same(value, (await path.Kernel.InvokeAsync(odd, new() { ["value"] = value }, Ct)).GetValue<Unwritable>());

        var trace = await path.Mlflow.WaitForTraceAsync(traceId!, Ct).Soon();
        Assert.Equal(typeof(Unwritable).FullName, Text(trace.Spans.Single(), "mlflow.spanOutputs"));
    }

    private static PromptExecutionSettings Auto => new() { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() };

    private static MlflowTestSpan Span(MlflowTestTrace trace, string name) => trace.Spans.Single(span => span.Name == name);

    private static string? Text(MlflowTestSpan span, string attribute) => span.Attributes.GetValueOrDefault(attribute) switch
    {
        JsonValue value when value.TryGetValue<string>(out var text) => text,
        var node => node?.ToJsonString(),
    };

    internal sealed class Unwritable
    {
        public string Text => throw new NotSupportedException("Not today.");
    }
}
