using System.Diagnostics;
using System.Text.Json;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>The attributes that MLflow needs beside the convention's: without them a span is raw JSON on its page and missing in its dashboards.</summary>
internal sealed class SpanAttributes(MlflowTracingOptions options)
{
    private readonly ModelCosts _costs = new(options);
    private readonly bool _withContent = options.EffectiveContentCapture is not ContentCapture.None;

    /// <summary>What other libraries' spans say was not redacted.</summary>
    private readonly bool _withForeignContent = options.EffectiveContentCapture is ContentCapture.Full;

    /// <summary>Writes a span's attributes; of the root those of the trace, too.</summary>
    public void Write(ExportedSpan span, CompletedTrace trace, IAttributeSink sink)
    {
        sink.Add(MlflowAttributes.SpanType, SpanTypes.Of(span, trace));
        WriteModel(span, trace, sink);
        if (_withContent)
        {
            WriteContent(span, trace, sink);
        }

        if (span.Activity == trace.Root && trace.Summary is { } summary)
        {
            WriteTrace(trace, summary, sink);
        }
    }

    /// <summary>
    /// Is this span a model call? A tool or an agent has a provider and a model sometimes, in other libraries' spans; it is none for that. Nor is a span
    /// of another library whose exchange, or several, has a span of its own below it.
    /// </summary>
    public static bool IsModelCall(ExportedSpan span, CompletedTrace trace) =>
        span.Content?.Api is null ? TellsOfModelCall(span.Activity) && !trace.IsAboveExchange(span.Activity) : span.IsExchange;

    /// <summary>Does the span say of itself that it is a model call?</summary>
    public static bool TellsOfModelCall(Activity span) => span.GetTagItem(GenAIAttributes.Operation.Name) is "chat" or "text_completion" or "generate_content" or "embeddings";

    /// <summary>
    /// Does this attribute belong on this span in MLflow? Sums of tokens on a span that covers several calls do not: MLflow would count them in place of the calls'.
    /// Nor does a conversation that is none: MLflow would take it for the session.
    /// </summary>
    public static bool Belongs(ExportedSpan span, CompletedTrace trace, string key, object? value = null) => key is GenAIAttributes.ConversationId
        ? !TraceSummary.IsOfOneTurn(value)
        : !key.StartsWith(GenAIAttributes.Usage.Prefix, StringComparison.Ordinal) || IsModelCall(span, trace);

    /// <summary>Tokens of a trace: those of its model calls together.</summary>
    public static TokenSums? TokensOf(CompletedTrace trace)
    {
        TokenSums? sums = null;
        foreach (var span in trace.Spans)
        {
            if (IsModelCall(span, trace))
            {
                sums = TokenSums.Sum(sums, new ModelCallAttributes(span.Activity).Tokens);
            }
        }

        return sums;
    }

    private string? ForeignText(ExportedSpan span, string key) => _withForeignContent ? span.Text(key) : null;

    private void WriteModel(ExportedSpan span, CompletedTrace trace, IAttributeSink sink)
    {
        if (span.Content?.Api is GenAIApi.ChatCompletions or GenAIApi.Completions or GenAIApi.Responses or GenAIApi.StoredResponse)
        {
            sink.Add(MlflowAttributes.MessageFormat, "openai");
        }

        if (!IsModelCall(span, trace))
        {
            return;
        }

        var call = new ModelCallAttributes(span.Activity);
        if (call.Model is { } model)
        {
            sink.Add(MlflowAttributes.Llm.Model, model);
        }

        if (call.Provider is { } provider)
        {
            sink.Add(MlflowAttributes.Llm.Provider, provider);
        }

        if (call.Tokens is { } tokens)
        {
            sink.Add(MlflowAttributes.Chat.TokenUsage, tokens.WriteJson(stackalloc byte[TokenSums.MaxJsonLength]));
            if (_costs.Of(call.Model, tokens) is { } cost)
            {
                sink.Add(MlflowAttributes.Llm.Cost, cost);
            }
        }
    }

    private void WriteContent(ExportedSpan span, CompletedTrace trace, IAttributeSink sink)
    {
        var content = span.Content;
        if (content?.Api is { } api)
        {
            WriteExchange(span, api, content, sink);
            return;
        }

        var callId = span.Text(GenAIAttributes.Tool.CallId);
        if (content?.Inputs is { } inputs)
        {
            WriteValue(MlflowAttributes.SpanInputs, inputs.Span, sink);
        }
        else if ((ForeignText(span, GenAIAttributes.Tool.CallArguments) ?? (callId is null ? null : trace.ToolCalls.ArgumentsOf(callId))) is { } arguments)
        {
            sink.Add(MlflowAttributes.SpanInputs, arguments);
        }

        if (content?.Outputs is { } outputs)
        {
            WriteValue(MlflowAttributes.SpanOutputs, outputs.Span, sink);
        }
        else if ((ForeignText(span, GenAIAttributes.Tool.CallResult) ?? (callId is null ? null : trace.ToolCalls.ResultOf(callId))) is { } result)
        {
            sink.Add(MlflowAttributes.SpanOutputs, result);
        }
    }

    private static void WriteExchange(ExportedSpan span, GenAIApi api, SpanContent content, IAttributeSink sink)
    {
        var scratch = new PooledBytes(Math.Max(content.Inputs?.Length ?? 0, content.Outputs?.Length ?? 0) + 256);
        if (content.Inputs is { } inputs)
        {
            sink.Add(MlflowAttributes.SpanInputs, JsonForPeople.Inputs(api, inputs.Span, scratch));
            scratch.Clear();
            if (content.MayOfferTools && ToolDefinitions.TryWrite(api, inputs.Span, scratch))
            {
                sink.Add(MlflowAttributes.Chat.Tools, scratch.Span);
            }
        }
        else if (api is GenAIApi.StoredResponse && span.Text(GenAIAttributes.Response.Id) is { } id)
        {
            sink.Add(MlflowAttributes.SpanInputs, $"{{\"response_id\":\"{JsonEncodedText.Encode(id)}\"}}");
        }

        if (content.Outputs is { } found && api is GenAIApi.VectorSearch)
        {
            scratch.Clear();
            if (Documents.TryWrite(found.Span, scratch))
            {
                sink.Add(MlflowAttributes.SpanOutputs, scratch.Span);
            }
        }
        else if (content.Outputs is { } outputs)
        {
            scratch.Clear();
            JsonForPeople.WriteOutputs(api, outputs.Span, scratch);
            WriteValue(MlflowAttributes.SpanOutputs, scratch.Span, sink);
            scratch.Clear();
            if (api.HasItems() && ChatView.TryWrite(content.Inputs is { } request ? request.Span : default, outputs.Span, scratch))
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
        if (trace.OuterSpan == default)
        {
            sink.Add(MlflowAttributes.TraceTagPrefix + MlflowAttributes.Tag.TraceName, summary.Name);
        }

        foreach (var (key, value) in TraceTags.Of(trace.Details))
        {
            sink.Add(MlflowAttributes.TraceTagPrefix + key, value);
        }

        if (summary.Session is { } session)
        {
            sink.Add(SemanticAttributes.SessionId, session);
        }

        if (summary.User is { } user)
        {
            sink.Add(SemanticAttributes.UserId, user);
        }

        if (!_withContent || summary is { PromotesInputs: false, PromotesOutputs: false })
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
