using System.Text.Json;

namespace LlamaStack.Instrumentation;

/// <summary>A streamed chat completion (or legacy completion): chunks of deltas, put together by choice.</summary>
/// <remarks>Texts are kept as they stand in the JSON, escaped: joined fragments of an escaped string are an escaped string.</remarks>
internal sealed class ChatStream(GenAIApi api, bool keepContent) : StreamAssembler(keepContent)
{
    private readonly DeltaTemplate _template = new();
    private readonly List<ChatChoice> _choices = new(1);
    private ChatChoice? _templateChoice;
    private PooledBytes? _usage;
    private long? _created;

    public override bool HasFinished => _choices.Exists(static choice => choice.FinishReason is not null);

    protected override void Read(ReadOnlySpan<byte> data)
    {
        if (_templateChoice is { } same && _template.TryMatch(data, out var text))
        {
            ChatChoice.Append(ref same.Content, text, KeepContent);
            return;
        }

        _templateChoice = null;
        ChatChoice? single = null;
        ReadOnlySpan<byte> delta = default;
        foreach (var member in new JsonMembers(data))
        {
            var value = member.Value;
            if (JsonText.IsNull(value))
            {
                continue;
            }

            if (member.Name.SequenceEqual("choices"u8))
            {
                single = ReadChoices(value, out delta);
            }
            else if (member.Name.SequenceEqual("usage"u8) && TokenUsage.Read(value) is { } usage)
            {
                Facts.Usage = usage;
                _usage ??= new PooledBytes(value.Length);
                _usage.Clear();
                _usage.Append(value);
                delta = default;
            }
            else if (member.Name.SequenceEqual("error"u8))
            {
                var error = ServerError.Read(value);
                Facts.Error ??= error.Message is null ? error with { Message = JsonText.String(value) } : error;
            }
            else if (Facts.Id is null && member.Name.SequenceEqual("id"u8))
            {
                Facts.Id = JsonText.String(value);
            }
            else if (Facts.Model is null && member.Name.SequenceEqual("model"u8))
            {
                Facts.Model = JsonText.String(value);
            }
            else if (_created is null && member.Name.SequenceEqual("created"u8))
            {
                _created = JsonText.Integer(value);
            }
            else if (Facts.SystemFingerprint is null && member.Name.SequenceEqual("system_fingerprint"u8))
            {
                Facts.SystemFingerprint = JsonText.Recent(value);
            }
            else if (Facts.ServiceTier is null && member.Name.SequenceEqual("service_tier"u8))
            {
                Facts.ServiceTier = JsonText.Recent(value);
            }
        }

        // A chunk that brought one piece of text, no usage and no end is what the next one will look like.
        if (single is not null && Facts.Error is null && Facts.Usage is null && data.Overlaps(delta, out var start))
        {
            _template.Learn(data, start..(start + delta.Length), default);
            _templateChoice = single;
        }
    }

    public override PooledBytes? Output()
    {
        if (!KeepContent || (_choices.Count == 0 && Facts.Id is null))
        {
            return null;
        }

        var output = new PooledBytes(512);
        using var writer = new Utf8JsonWriter(output, JsonOutput.Options);
        writer.WriteStartObject();
        WriteIfAny(writer, "id"u8, Facts.Id);
        writer.WriteStartArray("choices"u8);
        foreach (var choice in _choices)
        {
            choice.Write(writer, api);
        }

        writer.WriteEndArray();
        if (_created is { } created)
        {
            writer.WriteNumber("created"u8, created);
        }

        WriteIfAny(writer, "model"u8, Facts.Model);
        writer.WriteString("object"u8, api is GenAIApi.Completions ? "text_completion"u8 : "chat.completion"u8);
        WriteIfAny(writer, "service_tier"u8, Facts.ServiceTier);
        WriteIfAny(writer, "system_fingerprint"u8, Facts.SystemFingerprint);
        if (_usage is not null)
        {
            writer.WritePropertyName("usage"u8);
            writer.WriteRawValue(_usage.Span);
        }

        writer.WriteEndObject();
        writer.Flush();
        return output;
    }

    public override void Return()
    {
        _template.Return();
        _usage?.Return();
        _choices.ForEach(choice => choice.Return());
    }

    private static void WriteIfAny(Utf8JsonWriter writer, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            writer.WriteString(name, value);
        }
    }

    /// <summary>Reads the choices of a chunk.</summary>
    /// <returns>The choice, where the chunk brings a piece of text to one choice and nothing else.</returns>
    private ChatChoice? ReadChoices(ReadOnlySpan<byte> choices, out ReadOnlySpan<byte> delta)
    {
        ChatChoice? single = null;
        var count = 0;
        delta = default;
        foreach (var element in new JsonElements(choices))
        {
            single = ReadChoice(element, out delta);
            count++;
        }

        return count == 1 && delta.Length > 0 ? single : null;
    }

    private ChatChoice ReadChoice(ReadOnlySpan<byte> element, out ReadOnlySpan<byte> text)
    {
        var index = JsonText.Integer(JsonText.Member(element, "index"u8)) ?? 0;
        var choice = _choices.Find(known => known.Index == index);
        if (choice is null)
        {
            choice = new ChatChoice(index);
            _choices.Add(choice);
        }

        text = default;
        foreach (var member in new JsonMembers(element))
        {
            if (JsonText.IsNull(member.Value))
            {
                continue;
            }

            if (member.Name.SequenceEqual("delta"u8))
            {
                choice.ReadDelta(member.Value, KeepContent, out text);
            }
            else if (member.Name.SequenceEqual("text"u8))
            {
                text = JsonText.Unquote(member.Value);
                ChatChoice.Append(ref choice.Content, text, KeepContent);
            }
            else if (member.Name.SequenceEqual("finish_reason"u8))
            {
                choice.FinishReason = JsonText.Recent(member.Value);
                EndChoice();
                text = default;
            }
        }

        return choice;
    }

    private void EndChoice()
    {
        Facts.ClearFinishReasons();
        foreach (var choice in _choices.OrderBy(choice => choice.Index))
        {
            if (choice.FinishReason is { } reason)
            {
                Facts.AddFinishReason(reason);
            }
        }

        IsWhole = _choices.TrueForAll(choice => choice.FinishReason is not null);
    }
}
