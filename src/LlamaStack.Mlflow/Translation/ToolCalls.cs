using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>
/// What the tools of a trace were called with and what they gave back, read from the model calls around them: libraries that run tools
/// do not say it on their spans.
/// </summary>
internal sealed class ToolCalls
{
    private readonly Dictionary<string, string> _arguments = [];
    private readonly Dictionary<string, string> _results = [];

    public ToolCalls(CompletedTrace trace)
    {
        foreach (var span in trace.Spans)
        {
            if (span.Content is not { Api: { } api } content)
            {
                continue;
            }

            if (content.Outputs is { } outputs)
            {
                ReadCalls(api, outputs.Span);
            }

            if (content.Inputs is { } inputs)
            {
                ReadResults(api, inputs.Span);
            }
        }
    }

    /// <summary>The arguments as the model wrote them: JSON, if it kept to the rules.</summary>
    public string? ArgumentsOf(string callId) => _arguments.GetValueOrDefault(callId);

    public string? ResultOf(string callId) => _results.GetValueOrDefault(callId);

    private void ReadCalls(GenAIApi api, ReadOnlySpan<byte> response)
    {
        if (api.HasItems())
        {
            foreach (var item in new JsonElements(JsonText.Member(response, "output"u8)))
            {
                Add(_arguments, JsonText.Member(item, "call_id"u8), JsonText.Member(item, "arguments"u8));
            }

            return;
        }

        foreach (var choice in new JsonElements(JsonText.Member(response, "choices"u8)))
        {
            foreach (var call in new JsonElements(JsonText.Member(JsonText.Member(choice, "message"u8), "tool_calls"u8)))
            {
                Add(_arguments, JsonText.Member(call, "id"u8), JsonText.Member(JsonText.Member(call, "function"u8), "arguments"u8));
            }
        }
    }

    private void ReadResults(GenAIApi api, ReadOnlySpan<byte> request)
    {
        if (api.HasItems())
        {
            foreach (var item in new JsonElements(JsonText.Member(request, "input"u8)))
            {
                Add(_results, JsonText.Member(item, "call_id"u8), JsonText.Member(item, "output"u8));
            }

            return;
        }

        foreach (var message in new JsonElements(JsonText.Member(request, "messages"u8)))
        {
            Add(_results, JsonText.Member(message, "tool_call_id"u8), JsonText.Member(message, "content"u8));
        }
    }

    private static void Add(Dictionary<string, string> texts, ReadOnlySpan<byte> id, ReadOnlySpan<byte> value)
    {
        if (JsonText.String(id) is { } key && !value.IsEmpty && !JsonText.IsNull(value))
        {
            texts[key] = JsonText.String(value) ?? System.Text.Encoding.UTF8.GetString(value);
        }
    }
}
