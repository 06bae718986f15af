using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Instrumentation;

/// <summary>
/// A streamed answer of the Responses API. Its terminal event holds the whole answer; what the other events say is needed when there is none, and for refusals,
/// which a LlamaStack server tells nowhere else.
/// </summary>
/// <remarks>Items are known by their ids: parallel calls share an output index, and arguments come for items that are never announced.</remarks>
internal sealed class ResponsesStream(GenAIApi api, bool keepContent) : StreamAssembler(keepContent)
{
    private readonly DeltaTemplate _template = new();
    private readonly List<StreamedItem> _items = new(2);
    private PooledBytes? _templateText;
    private PooledBytes? _final;
    private PooledBytes? _refusal;

    public override IReadOnlyList<StreamedItem> Items => _items;

    public override PooledBytes? Output()
    {
        if (!KeepContent)
        {
            return null;
        }

        if (_final is not null)
        {
            return _refusal is null ? Copy(_final.Span) : WithRefusal(_final.Span, _refusal.Span);
        }

        return Facts.Id is null && _items.Count == 0 ? null : Partial();
    }

    public override void Return()
    {
        _template.Return();
        _final?.Return();
        _refusal?.Return();
        _items.ForEach(item => item.Return());
    }

    protected override void Read(ReadOnlySpan<byte> data)
    {
        if (IsWhole)
        {
            // After an output guardrail a real server sends a second, empty end. The first one counts.
            return;
        }

        if (_templateText is { } text && _template.TryMatch(data, out var delta))
        {
            text.TryKeep(delta);
            return;
        }

        _templateText = null;
        var fields = Fields.Read(data);
        var type = fields.Type;
        if (type.StartsWith("response."u8))
        {
            type = type["response."u8.Length..];
        }

        if (type.SequenceEqual("output_text.delta"u8))
        {
            Learn(data, fields, Append(fields, "output_text"));
        }
        else if (type.SequenceEqual("reasoning_text.delta"u8))
        {
            Append(fields, "reasoning_text");
        }
        else if (type.SequenceEqual("refusal.delta"u8))
        {
            if (KeepContent)
            {
                (_refusal ??= new PooledBytes()).TryKeep(JsonText.Unquote(fields.Delta));
            }
        }
        else if (type.SequenceEqual("function_call_arguments.delta"u8) || type.SequenceEqual("mcp_call.arguments.delta"u8) || type.SequenceEqual("mcp_call_arguments.delta"u8))
        {
            Append(fields, "arguments");
        }
        else if (type.SequenceEqual("output_item.added"u8) || type.SequenceEqual("output_item.done"u8))
        {
            Item(JsonText.Member(fields.Item, "id"u8)).Take(fields.Item, type.EndsWith("done"u8), KeepContent);
        }
        else if (type.SequenceEqual("completed"u8) || type.SequenceEqual("incomplete"u8) || type.SequenceEqual("failed"u8))
        {
            Facts.ClearFinishReasons();
            Facts.Read(api, fields.Response);
            IsWhole = true;
            if (KeepContent)
            {
                _final = Copy(fields.Response);
            }
        }
        else if (type.SequenceEqual("created"u8) || type.SequenceEqual("in_progress"u8))
        {
            Facts.Read(api, fields.Response);
        }
        else if (type.SequenceEqual("error"u8) || fields.Error.Length > 0)
        {
            Facts.Error ??= ServerError.Read(data);
            IsWhole = true;
        }
    }

    private PooledBytes? Append(Fields fields, string part)
    {
        if (!KeepContent)
        {
            return null;
        }

        var text = Item(fields.ItemId).Text(part, JsonText.Integer(fields.ContentIndex) ?? 0);
        text.TryKeep(JsonText.Unquote(fields.Delta));
        return text;
    }

    private void Learn(ReadOnlySpan<byte> data, Fields fields, PooledBytes? text)
    {
        if (text is not null && data.Overlaps(JsonText.Unquote(fields.Delta), out var delta)
            && data.Overlaps(fields.Sequence, out var sequence) && sequence > delta)
        {
            _template.Learn(data, delta..(delta + fields.Delta.Length - 2), sequence..(sequence + fields.Sequence.Length));
            _templateText = text;
        }
    }

    private StreamedItem Item(ReadOnlySpan<byte> rawId)
    {
        foreach (var item in _items)
        {
            if (item.Is(rawId))
            {
                return item;
            }
        }

        var added = new StreamedItem(rawId);
        _items.Add(added);
        return added;
    }

    /// <summary>What was seen of an answer whose end never came.</summary>
    private PooledBytes Partial()
    {
        var output = new PooledBytes(512);
        using var writer = new Utf8JsonWriter(output, JsonOutput.Options);
        writer.WriteStartObject();
        if (Facts.Id is not null)
        {
            writer.WriteString("id"u8, Facts.Id);
        }

        if (Facts.Model is not null)
        {
            writer.WriteString("model"u8, Facts.Model);
        }

        writer.WriteString("object"u8, "response"u8);
        writer.WriteString("status"u8, "in_progress"u8);
        writer.WriteStartArray("output"u8);
        foreach (var item in _items)
        {
            item.Write(writer);
        }

        if (_refusal is not null)
        {
            StreamedItem.WriteRefusal(writer, _refusal.Span);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.Flush();
        return output;
    }

    /// <summary>The final answer with the refusal that its events told, unless it holds one itself.</summary>
    private static PooledBytes WithRefusal(ReadOnlySpan<byte> final, ReadOnlySpan<byte> refusal)
    {
        if (JsonNode.Parse(final) is not JsonObject response || response["output"] is not JsonArray items)
        {
            return Copy(final);
        }

        var message = items.OfType<JsonObject>().FirstOrDefault(item => (string?)item["type"] == "message");
        if (message?["content"] is not JsonArray content)
        {
            content = [];
            items.Add((JsonNode)new JsonObject { ["type"] = "message", ["role"] = "assistant", ["content"] = content });
        }
        else if (content.OfType<JsonObject>().Any(part => (string?)part["type"] == "refusal"))
        {
            return Copy(final);
        }
        else
        {
            content.OfType<JsonObject>().Where(part => (string?)part["text"] is "").ToList().ForEach(part => content.Remove(part));
        }

        content.Add((JsonNode)new JsonObject { ["type"] = "refusal", ["refusal"] = JsonText.Unescaped(refusal) });
        var output = new PooledBytes(final.Length + refusal.Length);
        using var writer = new Utf8JsonWriter(output, JsonOutput.Options);
        response.WriteTo(writer);
        writer.Flush();
        return output;
    }

    private static PooledBytes Copy(ReadOnlySpan<byte> bytes)
    {
        var copy = new PooledBytes(Math.Max(bytes.Length, 1));
        copy.Append(bytes);
        return copy;
    }

    /// <summary>The members of an event that matter here, as raw JSON.</summary>
    private ref struct Fields
    {
        public ReadOnlySpan<byte> Type, Delta, Item, ItemId, ContentIndex, Response, Sequence, Error;

        public static Fields Read(ReadOnlySpan<byte> data)
        {
            Fields fields = default;
            foreach (var member in new JsonMembers(data))
            {
                if (member.Name.SequenceEqual("type"u8))
                {
                    fields.Type = JsonText.Unquote(member.Value);
                }
                else if (member.Name.SequenceEqual("delta"u8))
                {
                    fields.Delta = member.Value;
                }
                else if (member.Name.SequenceEqual("item_id"u8))
                {
                    fields.ItemId = member.Value;
                }
                else if (member.Name.SequenceEqual("content_index"u8))
                {
                    fields.ContentIndex = member.Value;
                }
                else if (member.Name.SequenceEqual("sequence_number"u8))
                {
                    fields.Sequence = member.Value;
                }
                else if (member.Name.SequenceEqual("item"u8))
                {
                    fields.Item = member.Value;
                }
                else if (member.Name.SequenceEqual("response"u8))
                {
                    fields.Response = member.Value;
                }
                else if (member.Name.SequenceEqual("error"u8) && !JsonText.IsNull(member.Value))
                {
                    fields.Error = member.Value;
                }
            }

            return fields;
        }
    }
}
