using System.Diagnostics;
using System.Globalization;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>The attributes that MLflow needs beside the convention's: without them a span is raw JSON on its page and missing in its dashboards.</summary>
internal sealed class SpanAttributes(MlflowTracingOptions options)
{
    private const string ZeroCost = """{"input_cost":0.0,"output_cost":0.0,"total_cost":0.0}""";

    private readonly bool _withContent = options.EffectiveContentCapture is ContentCapture.Full;

    /// <summary>Writes a span's attributes; of the root those of the trace, too.</summary>
    public void Write(Activity span, CompletedTrace trace, IAttributeSink sink)
    {
        sink.Add(MlflowAttributes.SpanType, SpanTypes.Of(span, trace));
        var content = SpanContent.Of(span);
        WriteModel(span, content, trace, sink);
        if (_withContent)
        {
            WriteContent(span, content, trace, sink);
        }

        if (span == trace.Root && trace.Summary is { } summary)
        {
            WriteTrace(trace, summary, sink);
        }
    }

    /// <summary>
    /// Is this span a model call? A tool or an agent has a provider and a model sometimes, in other libraries' spans; it is none for that. Nor is a span
    /// of another library whose exchange, or several, has a span of its own below it.
    /// </summary>
    public static bool IsModelCall(Activity span, CompletedTrace trace) =>
        SpanContent.Of(span)?.Api is not null
        || (Text(span, GenAIAttributes.Operation.Name) is "chat" or "text_completion" or "generate_content" or "embeddings" && !trace.IsAboveExchange(span));

    /// <summary>
    /// Does this attribute belong on this span in MLflow? Sums of tokens on a span that covers several calls do not: MLflow would count them in place of the calls'.
    /// </summary>
    public static bool Belongs(Activity span, CompletedTrace trace, string key) =>
        !key.StartsWith(GenAIAttributes.Usage.Prefix, StringComparison.Ordinal) || IsModelCall(span, trace);

    /// <summary>Tokens of a span as MLflow adds them up: all three numbers, always.</summary>
    public static string? TokenUsageOf(Activity span)
    {
        var input = Number(span, GenAIAttributes.Usage.InputTokens);
        var output = Number(span, GenAIAttributes.Usage.OutputTokens);
        return input is null && output is null ? null : TokenUsageJson(
            input ?? 0, output ?? 0, Number(span, GenAIAttributes.Usage.CacheReadInputTokens), Number(span, GenAIAttributes.Usage.CacheCreationInputTokens));
    }

    /// <summary>Tokens of a trace: those of its model calls together.</summary>
    public static string? TokenUsageOf(CompletedTrace trace)
    {
        long input = 0, output = 0;
        long? cacheRead = null, cacheCreation = null;
        var any = false;
        foreach (var span in trace.Spans)
        {
            if (!IsModelCall(span, trace) || (Number(span, GenAIAttributes.Usage.InputTokens) is null && Number(span, GenAIAttributes.Usage.OutputTokens) is null))
            {
                continue;
            }

            any = true;
            input += Number(span, GenAIAttributes.Usage.InputTokens) ?? 0;
            output += Number(span, GenAIAttributes.Usage.OutputTokens) ?? 0;
            cacheRead = Sum(cacheRead, Number(span, GenAIAttributes.Usage.CacheReadInputTokens));
            cacheCreation = Sum(cacheCreation, Number(span, GenAIAttributes.Usage.CacheCreationInputTokens));
        }

        return any ? TokenUsageJson(input, output, cacheRead, cacheCreation) : null;
    }

    private static long? Sum(long? total, long? part) => part is null ? total : (total ?? 0) + part;

    private static string TokenUsageJson(long input, long output, long? cacheRead, long? cacheCreation)
    {
        var json = string.Create(CultureInfo.InvariantCulture, $"{{\"input_tokens\":{input},\"output_tokens\":{output},\"total_tokens\":{input + output}");
        if (cacheRead is not null)
        {
            json += string.Create(CultureInfo.InvariantCulture, $",\"cache_read_input_tokens\":{cacheRead}");
        }

        if (cacheCreation is not null)
        {
            json += string.Create(CultureInfo.InvariantCulture, $",\"cache_creation_input_tokens\":{cacheCreation}");
        }

        return json + "}";
    }

    private static long? Number(Activity span, string key) => span.GetTagItem(key) switch
    {
        long number => number,
        int number => number,
        _ => null,
    };

    private static string? Text(Activity span, string key) => span.GetTagItem(key) as string;

    private void WriteModel(Activity span, SpanContent? content, CompletedTrace trace, IAttributeSink sink)
    {
        if (!IsModelCall(span, trace))
        {
            return;
        }

        if (content?.Api is GenAIApi.ChatCompletions or GenAIApi.Completions or GenAIApi.Responses)
        {
            sink.Add(MlflowAttributes.MessageFormat, "openai");
        }

        if ((Text(span, GenAIAttributes.Response.Model) ?? Text(span, GenAIAttributes.Request.Model)) is { } model)
        {
            sink.Add(MlflowAttributes.Llm.Model, model);
        }

        if (Text(span, GenAIAttributes.Provider.Name) is { } provider)
        {
            sink.Add(MlflowAttributes.Llm.Provider, provider);
        }

        if (TokenUsageOf(span) is { } usage)
        {
            sink.Add(MlflowAttributes.Chat.TokenUsage, usage);
            if (!options.UseMlflowPricing)
            {
                sink.Add(MlflowAttributes.Llm.Cost, ZeroCost);
            }
        }
    }

    private static void WriteContent(Activity span, SpanContent? content, CompletedTrace trace, IAttributeSink sink)
    {
        if (content?.Api is { } api)
        {
            WriteExchange(api, content, sink);
            return;
        }

        var callId = Text(span, GenAIAttributes.Tool.CallId);
        if (content?.Inputs is { } inputs)
        {
            WriteValue(MlflowAttributes.SpanInputs, inputs.Span, sink);
        }
        else if ((Text(span, GenAIAttributes.Tool.CallArguments) ?? (callId is null ? null : trace.ToolCalls.ArgumentsOf(callId))) is { } arguments)
        {
            sink.Add(MlflowAttributes.SpanInputs, arguments);
        }

        if (content?.Outputs is { } outputs)
        {
            WriteValue(MlflowAttributes.SpanOutputs, outputs.Span, sink);
        }
        else if ((Text(span, GenAIAttributes.Tool.CallResult) ?? (callId is null ? null : trace.ToolCalls.ResultOf(callId))) is { } result)
        {
            sink.Add(MlflowAttributes.SpanOutputs, result);
        }
    }

    private static void WriteExchange(GenAIApi api, SpanContent content, IAttributeSink sink)
    {
        var scratch = new PooledBytes(Math.Max(content.Inputs?.Length ?? 0, content.Outputs?.Length ?? 0) + 256);
        if (content.Inputs is { } inputs)
        {
            JsonForPeople.WriteInputs(inputs.Span, scratch);
            sink.Add(MlflowAttributes.SpanInputs, scratch.Span);
            scratch.Clear();
            if (ToolDefinitions.TryWrite(api, inputs.Span, scratch))
            {
                sink.Add(MlflowAttributes.Chat.Tools, scratch.Span);
            }
        }

        if (content.Outputs is { } outputs)
        {
            scratch.Clear();
            JsonForPeople.WriteOutputs(api, outputs.Span, scratch);
            WriteValue(MlflowAttributes.SpanOutputs, scratch.Span, sink);
            scratch.Clear();
            if (api is GenAIApi.Responses && content.Inputs is { } request && ChatView.TryWrite(request.Span, outputs.Span, scratch))
            {
                sink.Add(MlflowAttributes.Chat.Messages, scratch.Span);
            }
        }

        scratch.Return();
    }

    /// <summary>MLflow keeps plain text as text: a JSON string goes without its quotes.</summary>
    private static void WriteValue(string key, ReadOnlySpan<byte> json, IAttributeSink sink)
    {
        if (JsonText.String(json) is { } text)
        {
            sink.Add(key, text);
        }
        else
        {
            sink.Add(key, json);
        }
    }

    private void WriteTrace(CompletedTrace trace, TraceSummary summary, IAttributeSink sink)
    {
        sink.Add(MlflowAttributes.TraceTagPrefix + MlflowAttributes.Tag.TraceName, summary.Name);
        foreach (var (key, value) in trace.Details?.Tags ?? [])
        {
            sink.Add(MlflowAttributes.TraceTagPrefix + TraceSummary.Cut(key, 250), TraceSummary.Cut(value, 8000)!);
        }

        if (summary.Session is { } session)
        {
            sink.Add(SemanticAttributes.SessionId, session);
        }

        if (summary.User is { } user)
        {
            sink.Add(SemanticAttributes.UserId, user);
        }

        if (!_withContent)
        {
            return;
        }

        var scratch = new PooledBytes(1024);
        scratch.Append("{\"messages\":[{\"role\":\"user\",\"content\":\""u8);
        if (summary.PromotesInputs && summary.TryWriteQuestion(scratch))
        {
            scratch.Append("\"}]}"u8);
            sink.Add(MlflowAttributes.SpanInputs, scratch.Span);
        }

        scratch.Clear();
        scratch.Append("{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\""u8);
        if (summary.PromotesOutputs && summary.TryWriteAnswer(scratch, out _))
        {
            scratch.Append("\"}}]}"u8);
            sink.Add(MlflowAttributes.SpanOutputs, scratch.Span);
        }

        scratch.Return();
    }
}
