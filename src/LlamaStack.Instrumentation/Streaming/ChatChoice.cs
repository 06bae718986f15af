using System.Text.Json;

namespace LlamaStack.Instrumentation;

/// <summary>One choice of a streamed completion as it grows.</summary>
internal sealed class ChatChoice(long index)
{
    public PooledBytes? Content;
    private PooledBytes? _refusal;
    private PooledBytes? _reasoning;
    private string _reasoningName = "reasoning_content";
    private List<ToolCall>? _toolCalls;

    public long Index => index;

    public string? FinishReason { get; set; }

    /// <summary>Adds a delta; <paramref name="text"/> is its piece of content, if that is all that it brings.</summary>
    public void ReadDelta(ReadOnlySpan<byte> delta, bool keepContent, out ReadOnlySpan<byte> text)
    {
        text = default;
        var plain = true;
        var reasoned = false;
        foreach (var member in new JsonMembers(delta))
        {
            var value = member.Value;
            if (JsonText.IsNull(value))
            {
                continue;
            }

            if (member.Name.SequenceEqual("content"u8))
            {
                text = JsonText.Unquote(value);
                Append(ref Content, text, keepContent);
            }
            else if (member.Name.SequenceEqual("refusal"u8))
            {
                Append(ref _refusal, JsonText.Unquote(value), keepContent);
                plain = false;
            }
            else if (member.Name.SequenceEqual("reasoning_content"u8) || member.Name.SequenceEqual("reasoning"u8))
            {
                var thought = JsonText.Unquote(value);
                if (!reasoned && thought.Length > 0)
                {
                    // Some servers tell it twice, under its old name and its new one.
                    reasoned = true;
                    _reasoningName = member.Name.SequenceEqual("reasoning"u8) ? "reasoning" : _reasoningName;
                    Append(ref _reasoning, thought, keepContent);
                }

                plain = false;
            }
            else if (member.Name.SequenceEqual("tool_calls"u8) && JsonText.IsArray(value))
            {
                ReadToolCalls(value, keepContent);
                plain = false;
            }
        }

        if (!plain)
        {
            text = default;
        }
    }

    public static void Append(ref PooledBytes? target, ReadOnlySpan<byte> escaped, bool keepContent)
    {
        if (keepContent)
        {
            (target ??= new PooledBytes()).TryKeep(escaped);
        }
    }

    public void Return()
    {
        Content?.Return();
        _refusal?.Return();
        _reasoning?.Return();
        _toolCalls?.ForEach(call => call.Arguments?.Return());
    }

    public void Write(Utf8JsonWriter writer, GenAIApi api)
    {
        writer.WriteStartObject();
        if (FinishReason is not null)
        {
            writer.WriteString("finish_reason"u8, FinishReason);
        }

        writer.WriteNumber("index"u8, index);
        if (api is GenAIApi.Completions)
        {
            WriteText(writer, "text"u8, Content);
        }
        else
        {
            writer.WriteStartObject("message"u8);
            WriteText(writer, "content"u8, Content is { Length: 0 } && _toolCalls is not null ? null : Content);
            WriteText(writer, "refusal"u8, _refusal);
            if (_reasoning is { Length: > 0 })
            {
                writer.WritePropertyName(_reasoningName);
                JsonOutput.WriteEscaped(writer, _reasoning.Span);
            }

            writer.WriteString("role"u8, "assistant"u8);
            WriteToolCalls(writer);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private void ReadToolCalls(ReadOnlySpan<byte> calls, bool keepContent)
    {
        var position = 0L;
        foreach (var element in new JsonElements(calls))
        {
            var at = JsonText.Integer(JsonText.Member(element, "index"u8)) ?? position;
            position = at + 1;
            _toolCalls ??= new(1);
            var call = _toolCalls.Find(known => known.Index == at);
            if (call is null)
            {
                call = new ToolCall(at);
                _toolCalls.Add(call);
            }

            call.Id ??= JsonText.String(JsonText.Member(element, "id"u8));
            foreach (var member in new JsonMembers(JsonText.Member(element, "function"u8)))
            {
                if (member.Name.SequenceEqual("name"u8))
                {
                    call.Name += JsonText.String(member.Value);
                }
                else if (member.Name.SequenceEqual("arguments"u8))
                {
                    Append(ref call.Arguments, JsonText.Unquote(member.Value), keepContent);
                }
            }
        }
    }

    private void WriteToolCalls(Utf8JsonWriter writer)
    {
        if (_toolCalls is null)
        {
            return;
        }

        writer.WriteStartArray("tool_calls"u8);
        foreach (var call in _toolCalls)
        {
            writer.WriteStartObject();
            writer.WriteString("id"u8, call.Id ?? "");
            writer.WriteStartObject("function"u8);
            writer.WritePropertyName("arguments"u8);
            JsonOutput.WriteEscaped(writer, call.Arguments is null ? default : call.Arguments.Span);
            writer.WriteString("name"u8, call.Name ?? "");
            writer.WriteEndObject();
            writer.WriteString("type"u8, "function"u8);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteText(Utf8JsonWriter writer, ReadOnlySpan<byte> name, PooledBytes? text)
    {
        if (text is not null)
        {
            writer.WritePropertyName(name);
            JsonOutput.WriteEscaped(writer, text.Span);
        }
    }

    private sealed class ToolCall(long index)
    {
        public PooledBytes? Arguments;

        public long Index => index;

        public string? Id { get; set; }

        public string? Name { get; set; }
    }
}
