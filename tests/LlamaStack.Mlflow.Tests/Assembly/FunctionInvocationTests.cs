using System.Diagnostics;
using LlamaStack.Client;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.AI;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow.Tests.Assembly;

/// <summary>Functions that Microsoft.Extensions.AI calls for a model, over our client.</summary>
[Collection(nameof(Tracing))]
public sealed class FunctionInvocationTests
{
    private static readonly AIFunction _weather = AIFunctionFactory.Create((string city) => $"{city}: rain", "get_weather");
    private static readonly AIFunction _broken = AIFunctionFactory.Create(string () => throw new InvalidOperationException("no sensor"), "get_weather");

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_tool_is_a_span_with_what_it_was_called_with_and_gave_back_and_tokens_count_once(bool responses)
    {
        await using var app = await TracedApp.StartAsync();
        using var chat = (responses ? app.Client.AsIResponsesChatClient("demo/llama") : app.Chat).AsBuilder().UseFunctionInvocation().Build();

        var response = await chat.GetResponseAsync("What is the weather in Paris?", new ChatOptions { Tools = [_weather] }, Limit.Token);

        var trace = app.FlushedTrace();
        Assert.Equal("""
            orchestrate_tools
              chat demo/llama
              get_weather
              chat demo/llama
            """, Tree.Of(trace));
        var tool = trace.Spans.Single(span => span.Name == "get_weather");
        Assert.Equal("TOOL", tool.Type);
        Assert.NotNull(tool.Attributes["mlflow.spanInputs"]!["city"]);
        Assert.Contains("rain", tool.Attributes["mlflow.spanOutputs"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal("CHAIN", trace.Spans[0].Type);
        Assert.False(trace.Spans[0].Attributes.ContainsKey("gen_ai.usage.input_tokens"));
        Assert.False(trace.Spans[0].Attributes.ContainsKey("mlflow.chat.tokenUsage"));
        var calls = trace.Spans.Where(span => span.Type == "CHAT_MODEL").ToList();
        Assert.Equal(2, calls.Count);
        Assert.Equal(calls.Sum(call => (long)call.Attributes["mlflow.chat.tokenUsage"]!["total_tokens"]!), trace.TokenUsage["total_tokens"]);
        Assert.Equal("What is the weather in Paris?", trace.RequestPreview);
        Assert.Equal(response.Text, trace.ResponsePreview);
        Assert.Equal("get_weather", (string?)calls[0].Attributes["mlflow.chat.tools"]![0]!["function"]!["name"]);
    }

    [Theory]
    [InlineData("inside", "3.12.0", "orchestrate_tools")]
    [InlineData("inside", "3.18.0", "orchestrate_tools")]
    [InlineData("outside", "3.12.0", "chat demo/llama")]
    [InlineData("outside", "3.18.0", "chat demo/llama")]
    public async Task Where_the_application_listens_to_that_librarys_own_spans_too_a_call_is_one_call_and_tokens_count_once(string where, string version, string root)
    {
        await using var app = await TracedApp.StartAsync(
            mlflow: options => options.Version = version,
            services: services => services.ConfigureOpenTelemetryTracerProvider((_, tracing) => tracing.AddSource("Experimental.Microsoft.Extensions.AI")));
        var builder = app.Chat.AsBuilder();
        using var chat = (where == "inside" ? builder.UseFunctionInvocation().UseOpenTelemetry() : builder.UseOpenTelemetry().UseFunctionInvocation()).Build();

        var response = await chat.GetResponseAsync("What is the weather in Paris?", new ChatOptions { Tools = [_weather] }, Limit.Token);

        var trace = app.FlushedTrace();
        Assert.Equal(root, trace.Spans[0].Name);
        Assert.Equal(where == "inside" ? ["CHAIN", "CHAT_MODEL", "TOOL", "CHAT_MODEL"] : ["CHAIN", "CHAIN", "CHAT_MODEL", "TOOL", "CHAT_MODEL"], trace.Spans.Select(span => span.Type));
        Assert.Equal(2, trace.Spans.Count(span => span.Attributes.ContainsKey("mlflow.chat.tokenUsage")));
        Assert.Equal(response.Usage!.TotalTokenCount, trace.TokenUsage["total_tokens"]);
    }

    [Fact]
    public async Task A_tool_that_fails_is_a_span_in_error_and_the_trace_is_as_its_last_call()
    {
        await using var app = await TracedApp.StartAsync();
        using var chat = app.Chat.AsBuilder().UseFunctionInvocation().Build();

        await chat.GetResponseAsync("What is the weather?", new ChatOptions { Tools = [_broken] }, Limit.Token);

        var trace = app.FlushedTrace();
        Assert.Equal("OK", trace.State);
        Assert.Equal(System.Diagnostics.ActivityStatusCode.Error, trace.Spans.Single(span => span.Type == "TOOL").Status);
    }

    [Fact]
    public async Task Two_tools_at_once_are_told_apart()
    {
        await using var app = await TracedApp.StartAsync();
        using var chat = app.Chat.AsBuilder().UseFunctionInvocation(configure: client => client.AllowConcurrentInvocation = true).Build();

        await chat.GetResponseAsync("Both weather, please: get_weather", new ChatOptions { Tools = [_weather, AIFunctionFactory.Create((string place) => "noon", "get_time")] }, Limit.Token);

        var tools = app.FlushedTrace().Spans.Where(span => span.Type == "TOOL").ToDictionary(span => span.Name);
        Assert.Equal(["get_time", "get_weather"], tools.Keys.Order());
        Assert.NotNull(tools["get_weather"].Attributes["mlflow.spanInputs"]!["city"]);
        Assert.NotNull(tools["get_time"].Attributes["mlflow.spanInputs"]!["place"]);
        Assert.Contains("noon", tools["get_time"].Attributes["mlflow.spanOutputs"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_content_tools_have_names_and_nothing_else()
    {
        await using var app = await TracedApp.StartAsync(options => options.ContentCapture = ContentCapture.None);
        using var chat = app.Chat.AsBuilder().UseFunctionInvocation().Build();

        await chat.GetResponseAsync("What is the weather in planted-secret?", new ChatOptions { Tools = [_weather] }, Limit.Token);

        var trace = app.FlushedTrace();
        Assert.All(trace.Spans, span =>
        {
            Assert.False(span.Attributes.ContainsKey("mlflow.spanInputs"));
            Assert.False(span.Attributes.ContainsKey("mlflow.spanOutputs"));
            Assert.DoesNotContain("planted-secret", string.Join(' ', span.Attributes.Select(attribute => attribute.Value?.ToJsonString())), StringComparison.Ordinal);
        });
        Assert.Null(trace.RequestPreview);
        Assert.Null(trace.ResponsePreview);
        Assert.True(trace.TokenUsage["total_tokens"] > 0);
    }

    [Theory]
    [InlineData(ContentCapture.None)]
    [InlineData(ContentCapture.Full)]
    public async Task The_words_of_an_error_that_the_application_tells_are_content(ContentCapture content)
    {
        await using var app = await TracedApp.StartAsync(options => options.ContentCapture = content);

        using (var span = LlamaStackTrace.StartTool("get_weather"))
        {
            span.SetError(new InvalidOperationException("planted-secret is no city"));
        }

        var tool = app.FlushedTrace().Spans.Single();
        var events = string.Join(' ', tool.Events.SelectMany(happened => happened.Attributes).Select(attribute => attribute.Value?.ToString()));
        Assert.Equal(ActivityStatusCode.Error, tool.Status);
        Assert.Equal("System.InvalidOperationException", (string?)tool.Attributes["error.type"]);
        Assert.Contains("System.InvalidOperationException", events, StringComparison.Ordinal);
        Assert.Equal(content is ContentCapture.Full, $"{events} {tool.StatusMessage}".Contains("planted-secret", StringComparison.Ordinal));
    }
}
