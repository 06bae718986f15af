using LlamaStack.Instrumentation;
using Microsoft.Extensions.AI;

namespace LlamaStack.Mlflow.Tests.Assembly;

/// <summary>Nothing of a secret reaches MLflow, whatever of the trace it was in; what is no secret does.</summary>
[Collection(nameof(Tracing))]
public sealed class RedactionTests
{
    [Fact]
    public async Task Redacted_covers_model_calls_tools_spans_by_hand_and_errors()
    {
        await using var app = await TracedApp.StartAsync(options =>
        {
            options.ContentCapture = ContentCapture.Redacted;
            options.Compress = false;
            options.Redact = text => text.Replace("planted-secret", "***", StringComparison.Ordinal);
        });
        var weather = AIFunctionFactory.Create((string city) => $"{city}: planted-secret rain", "get_weather");
        using var chat = app.Chat.AsBuilder().UseFunctionInvocation().Build();

        using (var agent = LlamaStackTrace.StartAgent("weather"))
        {
            agent.SetInputs("What is the weather in planted-secret?");
            await chat.GetResponseAsync("What is the weather in planted-secret?", new ChatOptions { Tools = [weather] }, Limit.Token);
            agent.SetError(new InvalidOperationException("planted-secret is no city"));
        }

        app.Flush();
        Assert.All(app.Mlflow.Requests, request => Assert.DoesNotContain("planted-secret", System.Text.Encoding.Latin1.GetString(request.Body.Span), StringComparison.Ordinal));
        var trace = Assert.Single(app.Mlflow.Traces);
        Assert.Equal("What is the weather in ***?", trace.RequestPreview);
        Assert.Equal("*** is no city", trace.Spans[0].StatusMessage);
        Assert.Contains("*** rain", trace.Spans.Single(span => span.Type == "TOOL").Attributes["mlflow.spanOutputs"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_is_not_to_be_recorded_leaves_its_numbers_only()
    {
        await using var app = await TracedApp.StartAsync();

        using (LlamaStackTrace.BeginContentScope(ContentCapture.None))
        {
            await app.AskAsync("planted-secret");
        }

        var trace = app.FlushedTrace();
        Assert.True(trace.TokenUsage["total_tokens"] > 0);
        Assert.False(trace.Spans.Single().Attributes.ContainsKey("mlflow.spanInputs"));
        Assert.DoesNotContain("planted-secret", $"{trace.RequestPreview} {trace.ResponsePreview}", StringComparison.Ordinal);
    }
}
