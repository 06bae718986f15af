using System.Text.Json;

namespace LlamaStack.Instrumentation;

/// <summary>An output item of a Responses stream as far as its events have told it.</summary>
internal sealed class StreamedItem(ReadOnlySpan<byte> rawId)
{
    private readonly byte[] _id = rawId.ToArray();
    private readonly List<(string Part, long Index, PooledBytes Text)> _texts = new(1);
    private byte[]? _json;
    private bool _done;

    /// <summary>Gets the tool of the server's that the item tells of, if it does.</summary>
    public HostedTool? Tool { get; private set; }

    /// <summary>Gets the item as it was told last; empty where content is not kept.</summary>
    public ReadOnlySpan<byte> Json => _json;

    /// <summary>Gets the arguments that came in events of their own, as the inside of a JSON string.</summary>
    public ReadOnlySpan<byte> Arguments => _texts.Find(text => text.Part == "arguments").Text is { } arguments ? arguments.Span : default;

    public bool Is(ReadOnlySpan<byte> rawId) => rawId.SequenceEqual(_id);

    /// <summary>Takes the item as an event tells it; once it is done its deltas are no longer needed.</summary>
    public void Take(ReadOnlySpan<byte> json, bool done, bool keepContent)
    {
        _done |= done;
        Tool ??= HostedTool.Of(json);
        Tool?.Take(json, done);
        if (keepContent)
        {
            _json = json.ToArray();
        }
    }

    public PooledBytes Text(string part, long index)
    {
        foreach (var known in _texts)
        {
            if (known.Part == part && known.Index == index)
            {
                return known.Text;
            }
        }

        var text = new PooledBytes();
        _texts.Add((part, index, text));
        return text;
    }

    public void Return() => _texts.ForEach(text => text.Text.Return());

    public void Write(Utf8JsonWriter writer)
    {
        if (_done && _json is not null)
        {
            writer.WriteRawValue(_json);
            return;
        }

        var arguments = _texts.Find(text => text.Part == "arguments").Text;
        if (arguments is not null)
        {
            WriteCall(writer, arguments);
        }

        foreach (var (part, _, text) in _texts)
        {
            if (part is "output_text")
            {
                WriteMessage(writer, text.Span);
            }
            else if (part is "reasoning_text")
            {
                WriteReasoning(writer, text.Span);
            }
        }
    }

    public static void WriteRefusal(Utf8JsonWriter writer, ReadOnlySpan<byte> refusal)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteStartArray("content"u8);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "refusal"u8);
        writer.WritePropertyName("refusal"u8);
        JsonOutput.WriteEscaped(writer, refusal);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>An announced call with the arguments so far. A call that was never announced is the server's own tool: its kind is not known.</summary>
    private void WriteCall(Utf8JsonWriter writer, PooledBytes arguments)
    {
        var type = JsonText.String(JsonText.Member(_json, "type"u8));
        writer.WriteStartObject();
        writer.WriteString("type"u8, type ?? "tool_call");
        writer.WritePropertyName("id"u8);
        writer.WriteRawValue(_id.Length == 0 ? "null"u8 : _id);
        foreach (var member in new JsonMembers(_json))
        {
            if (member.Name.SequenceEqual("call_id"u8) || member.Name.SequenceEqual("name"u8) || member.Name.SequenceEqual("server_label"u8))
            {
                writer.WritePropertyName(member.Name);
                writer.WriteRawValue(member.Value);
            }
        }

        writer.WritePropertyName("arguments"u8);
        JsonOutput.WriteEscaped(writer, arguments.Span);
        writer.WriteString("status"u8, "in_progress"u8);
        writer.WriteEndObject();
    }

    private void WriteMessage(Utf8JsonWriter writer, ReadOnlySpan<byte> text)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "message"u8);
        writer.WritePropertyName("id"u8);
        writer.WriteRawValue(_id.Length == 0 ? "null"u8 : _id);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteString("status"u8, "in_progress"u8);
        writer.WriteStartArray("content"u8);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "output_text"u8);
        writer.WritePropertyName("text"u8);
        JsonOutput.WriteEscaped(writer, text);
        writer.WriteStartArray("annotations"u8);
        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteReasoning(Utf8JsonWriter writer, ReadOnlySpan<byte> text)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "reasoning"u8);
        writer.WriteStartArray("summary"u8);
        writer.WriteEndArray();
        writer.WriteStartArray("content"u8);
        writer.WriteStartObject();
        writer.WriteString("type"u8, "reasoning_text"u8);
        writer.WritePropertyName("text"u8);
        JsonOutput.WriteEscaped(writer, text);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteEndObject();
    }
}
