namespace LlamaStack.Instrumentation;

/// <summary>What a request's body says about the call, as span attributes. Messages, inputs and tools are hopped over.</summary>
internal sealed class RequestFacts
{
    public string? Model { get; private set; }

    public bool Stream { get; private set; }

    /// <summary>Gets the attributes; room for those that do not come from the body is left.</summary>
    public List<KeyValuePair<string, object?>> Attributes { get; } = new(10);

    public static RequestFacts Read(GenAIApi api, ReadOnlySpan<byte> body)
    {
        var facts = new RequestFacts();
        foreach (var member in new JsonMembers(body))
        {
            if (!JsonText.IsNull(member.Value))
            {
                facts.Read(api, member.Name, member.Value);
            }
        }

        return facts;
    }

    private void Read(GenAIApi api, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        if (name.SequenceEqual("model"u8))
        {
            Model = JsonText.String(value);
        }
        else if (name.SequenceEqual("stream"u8))
        {
            Stream = JsonText.IsTrue(value);
            Add(GenAIAttributes.Request.Stream, Stream ? true : null);
        }
        else if (name.SequenceEqual("temperature"u8))
        {
            Add(GenAIAttributes.Request.Temperature, JsonText.Number(value));
        }
        else if (name.SequenceEqual("top_p"u8))
        {
            Add(GenAIAttributes.Request.TopP, JsonText.Number(value));
        }
        else if (name.SequenceEqual("top_k"u8))
        {
            Add(GenAIAttributes.Request.TopK, JsonText.Number(value));
        }
        else if (name.SequenceEqual("frequency_penalty"u8))
        {
            Add(GenAIAttributes.Request.FrequencyPenalty, JsonText.Number(value));
        }
        else if (name.SequenceEqual("presence_penalty"u8))
        {
            Add(GenAIAttributes.Request.PresencePenalty, JsonText.Number(value));
        }
        else if (name.SequenceEqual("max_tokens"u8) || name.SequenceEqual("max_completion_tokens"u8) || name.SequenceEqual("max_output_tokens"u8))
        {
            Add(GenAIAttributes.Request.MaxTokens, JsonText.Integer(value));
        }
        else if (name.SequenceEqual("n"u8))
        {
            Add(GenAIAttributes.Request.ChoiceCount, JsonText.Integer(value) is { } count and not 1 ? count : null);
        }
        else if (name.SequenceEqual("seed"u8))
        {
            Add(GenAIAttributes.Request.Seed, JsonText.Integer(value));
        }
        else if (name.SequenceEqual("stop"u8))
        {
            Add(GenAIAttributes.Request.StopSequences, Strings(value));
        }
        else if (name.SequenceEqual("response_format"u8))
        {
            Add(GenAIAttributes.Output.Type, OutputType(JsonText.Member(value, "type"u8)));
        }
        else if (name.SequenceEqual("text"u8) && api is GenAIApi.Responses)
        {
            Add(GenAIAttributes.Output.Type, OutputType(JsonText.Member(JsonText.Member(value, "format"u8), "type"u8)));
        }
        else if (name.SequenceEqual("conversation"u8) && api is GenAIApi.Responses)
        {
            Add(GenAIAttributes.ConversationId, JsonText.String(value) ?? JsonText.String(JsonText.Member(value, "id"u8)));
        }
        else if (name.SequenceEqual("encoding_format"u8) && api is GenAIApi.Embeddings)
        {
            Add(GenAIAttributes.Request.EncodingFormats, Strings(value));
        }
        else if (name.SequenceEqual("dimensions"u8) && api is GenAIApi.Embeddings)
        {
            Add(GenAIAttributes.Embeddings.DimensionCount, JsonText.Integer(value));
        }
    }

    private void Add(string key, object? value)
    {
        if (value is not null)
        {
            Attributes.Add(new(key, value));
        }
    }

    private static string[]? Strings(ReadOnlySpan<byte> value)
    {
        if (JsonText.String(value) is { } one)
        {
            return [one];
        }

        List<string> texts = [];
        foreach (var element in new JsonElements(value))
        {
            if (JsonText.String(element) is { } text)
            {
                texts.Add(text);
            }
        }

        return texts.Count == 0 ? null : [.. texts];
    }

    private static string? OutputType(ReadOnlySpan<byte> type) =>
        JsonText.Unquote(type) switch
        {
            var text when text.SequenceEqual("text"u8) => "text",
            var json when json.SequenceEqual("json_object"u8) || json.SequenceEqual("json_schema"u8) => "json",
            _ => null,
        };
}
