using System.Diagnostics;
using LlamaStack.Client;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow.Tests.Assembly;

/// <summary>Spans that other libraries make around a model call of ours: one call is one span, whoever tells of it.</summary>
[Collection(nameof(Tracing))]
public sealed class CoveringSpanTests
{
    private const string Microsofts = "Experimental.Microsoft.Extensions.AI";
    private static readonly ActivitySource _other = new("Other.Library");

    [Theory]
    [InlineData("chat")]
    [InlineData("chat, streamed")]
    [InlineData("responses, streamed")]
    [InlineData("embeddings")]
    public async Task A_call_that_Microsoft_Extensions_AI_tells_of_too_is_one_span_and_tokens_count_once(string call)
    {
        await using var app = await StartAsync();
        var chat = (call.StartsWith("responses", StringComparison.Ordinal) ? app.Client.AsIResponsesChatClient("demo/llama") : app.Chat).AsBuilder().UseOpenTelemetry().Build();

        if (call == "embeddings")
        {
            using var embeddings = app.Services.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>().AsBuilder().UseOpenTelemetry().Build();
            await embeddings.GenerateAsync(["Hello?"], cancellationToken: Limit.Token);
        }
        else if (call == "chat")
        {
            await chat.GetResponseAsync("Hello?", cancellationToken: Limit.Token);
        }
        else
        {
            await chat.GetStreamingResponseAsync("Hello?", cancellationToken: Limit.Token).ToChatResponseAsync(Limit.Token);
        }

        var trace = app.FlushedTrace();
        var span = Assert.Single(trace.Spans);
        Assert.Null(span.ParentSpanId);
        Assert.Equal(call == "embeddings" ? "EMBEDDING" : "CHAT_MODEL", span.Type);
        Assert.Equal("OK", trace.State);
        Assert.Equal((long)span.Attributes["mlflow.chat.tokenUsage"]!["total_tokens"]!, trace.TokenUsage["total_tokens"]);
        Assert.Equal("llama_stack", (string?)span.Attributes["gen_ai.provider.name"]);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_loop_for_functions_that_the_model_asked_none_of_is_no_step(bool streamed)
    {
        await using var app = await StartAsync();
        var chat = app.Chat.AsBuilder().UseOpenTelemetry().UseFunctionInvocation().UseOpenTelemetry().Build();

        var answer = streamed
            ? (await chat.GetStreamingResponseAsync("Hello?", cancellationToken: Limit.Token).ToChatResponseAsync(Limit.Token)).Text
            : (await chat.GetResponseAsync("Hello?", cancellationToken: Limit.Token)).Text;

        Assert.Equal("chat demo/llama", Tree.Of(app.FlushedTrace()));
        Assert.NotEmpty(answer);
    }

    [Fact]
    public async Task What_stands_above_and_below_is_joined_to_the_one_span_and_what_only_the_other_library_knew_stays()
    {
        await using var app = await StartAsync(options => options.IncludeHttpSpans = true);

        using (LlamaStackTrace.StartAgent("weather"))
        using (var outer = _other.StartActivity("chat m-1"))
        using (var inner = _other.StartActivity("chat m-1"))
        {
            outer!.SetTag("gen_ai.operation.name", "chat").SetTag("other.tenant", "seven").SetTag("gen_ai.usage.input_tokens", 99999).SetTag("gen_ai.input.messages", "[]");
            inner!.SetTag("gen_ai.operation.name", "chat");
            await app.AskAsync();
        }

        var trace = app.FlushedTrace();
        Assert.Equal("""
            weather
              chat demo/llama
                POST
            """, Tree.Of(trace));
        var call = trace.Spans.Single(span => span.Type == "CHAT_MODEL");
        Assert.Equal("seven", (string?)call.Attributes["other.tenant"]);
        Assert.NotEqual(99999, (long)call.Attributes["gen_ai.usage.input_tokens"]!);
        Assert.False(call.Attributes.ContainsKey("gen_ai.input.messages"));
    }

    [Fact]
    public async Task Over_OTLP_it_is_one_span_too()
    {
        await using var app = await OtlpApp.StartAsync(services: (services, _) => services.ConfigureOpenTelemetryTracerProvider((_, builder) => builder.AddSource(Microsofts)));

        using (var chat = app.Chat.AsBuilder().UseOpenTelemetry().Build())
        using (LlamaStackTrace.StartAgent("weather"))
        {
            await chat.GetResponseAsync("Hello?", cancellationToken: Limit.Token);
        }

        var spans = await app.FlushedSpansAsync(3);
        Assert.Single(spans, span => span.Name == "chat demo/llama");
        Assert.Equal(["POST", "chat demo/llama", "invoke_agent weather"], spans.Select(span => span.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_failure_that_only_the_other_library_saw_is_the_calls()
    {
        await using var app = await StartAsync();

        using (var span = _other.StartActivity("chat m-1"))
        {
            span!.SetTag("gen_ai.operation.name", "chat");
            await app.AskAsync();
            span.SetStatus(ActivityStatusCode.Error, "The answer is not the JSON that was asked for.").AddException(new FormatException("not JSON"));
        }

        var trace = app.FlushedTrace();
        Assert.Equal("ERROR", trace.State);
        var call = Assert.Single(trace.Spans);
        Assert.Equal("The answer is not the JSON that was asked for.", call.StatusMessage);
        Assert.Equal("exception", Assert.Single(call.Events).Name);
    }

    [Theory]
    [InlineData("two exchanges")]
    [InlineData("an exchange and a tool")]
    [InlineData("an exchange and a call that nobody saw")]
    public async Task What_covers_more_than_one_call_is_a_step_above_them(string covered)
    {
        await using var app = await StartAsync();

        using (var span = _other.StartActivity("chat m-1"))
        {
            span!.SetTag("gen_ai.operation.name", "chat").SetTag("gen_ai.usage.input_tokens", 99999);
            await app.AskAsync();
            if (covered == "two exchanges")
            {
                await app.AskAsync();
            }
            else if (covered == "an exchange and a tool")
            {
                LlamaStackTrace.StartTool("get_weather").Dispose();
            }
            else
            {
                using var unseen = _other.StartActivity("chat m-2");
                unseen!.SetTag("gen_ai.operation.name", "chat").SetTag("gen_ai.usage.input_tokens", 5).SetTag("gen_ai.usage.output_tokens", 2);
            }
        }

        var trace = app.FlushedTrace();
        Assert.Equal(3, trace.Spans.Count);
        Assert.Equal(("chat m-1", "CHAIN"), (trace.Spans[0].Name, trace.Spans[0].Type));
        Assert.False(trace.Spans[0].Attributes.ContainsKey("gen_ai.usage.input_tokens"));
        Assert.True(trace.TokenUsage["input_tokens"] < 99999);
    }

    private static Task<TracedApp> StartAsync(Action<MlflowTracingOptions>? tracing = null) => TracedApp.StartAsync(
        tracing, services: services => services.ConfigureOpenTelemetryTracerProvider((_, builder) => builder.AddSource(Microsofts, _other.Name)));
}
