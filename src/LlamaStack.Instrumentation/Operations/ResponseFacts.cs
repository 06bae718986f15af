namespace LlamaStack.Instrumentation;

/// <summary>What an answer says about the call: who answered, how it ended, what it cost. Filled from one JSON body or from the events of a stream.</summary>
internal sealed class ResponseFacts
{
    /// <summary>What almost every answer ends with. Never written to.</summary>
    private static readonly string[][] _usual = [["stop"], ["length"], ["tool_calls"], ["content_filter"], ["error"]];

    public string? Id { get; set; }

    public string? Model { get; set; }

    public string? ConversationId { get; set; }

    public string? ServiceTier { get; set; }

    public string? SystemFingerprint { get; set; }

    /// <summary>Gets or sets how far a stored response has come.</summary>
    public string? Status { get; set; }

    public TokenUsage? Usage { get; set; }

    /// <summary>Gets the reasons in the order of the choices.</summary>
    public string[] FinishReasons { get; private set; } = [];

    /// <summary>Gets or sets the error that the body tells, also inside a 200.</summary>
    public ServerError? Error { get; set; }

    /// <summary>Gets or sets how many numbers a vector of an embeddings answer has.</summary>
    public int? Dimensions { get; set; }

    /// <summary>Notes why a choice ended.</summary>
    public void AddFinishReason(string reason)
    {
        foreach (var single in FinishReasons.Length == 0 ? _usual : [])
        {
            if (single[0] == reason)
            {
                FinishReasons = single;
                return;
            }
        }

        FinishReasons = [.. FinishReasons, reason];
    }

    /// <summary>Forgets the reasons, to be told them anew.</summary>
    public void ClearFinishReasons() => FinishReasons = [];

    /// <summary>Reads a whole answer.</summary>
    public void Read(GenAIApi api, ReadOnlySpan<byte> body)
    {
        ReadOnlySpan<byte> status = default, incomplete = default, output = default;
        foreach (var member in new JsonMembers(body))
        {
            var value = member.Value;
            if (JsonText.IsNull(value))
            {
                continue;
            }

            if (member.Name.SequenceEqual("id"u8))
            {
                Id = JsonText.String(value);
            }
            else if (member.Name.SequenceEqual("model"u8))
            {
                Model = JsonText.Recent(value);
            }
            else if (member.Name.SequenceEqual("usage"u8))
            {
                Usage = api is GenAIApi.StoredResponse ? null : TokenUsage.Read(value);
            }
            else if (member.Name.SequenceEqual("error_message"u8) && api is GenAIApi.ToolInvocation)
            {
                Error = new ServerError(GenAIAttributes.ToolError, JsonText.String(value));
            }
            else if (member.Name.SequenceEqual("error"u8))
            {
                Error = ServerError.Read(value) is { Message: null } unread ? unread with { Message = JsonText.String(value) } : ServerError.Read(value);
            }
            else if (member.Name.SequenceEqual("choices"u8))
            {
                ReadChoices(value);
            }
            else if (member.Name.SequenceEqual("data"u8) && api is GenAIApi.Embeddings)
            {
                ReadVectors(value);
            }
            else if (member.Name.SequenceEqual("service_tier"u8))
            {
                ServiceTier = JsonText.Recent(value);
            }
            else if (member.Name.SequenceEqual("system_fingerprint"u8))
            {
                SystemFingerprint = JsonText.Recent(value);
            }
            else if (member.Name.SequenceEqual("status"u8))
            {
                status = JsonText.Unquote(value);
            }
            else if (member.Name.SequenceEqual("incomplete_details"u8))
            {
                incomplete = JsonText.Member(value, "reason"u8);
            }
            else if (member.Name.SequenceEqual("output"u8))
            {
                output = value;
            }
            else if (member.Name.SequenceEqual("conversation"u8))
            {
                ConversationId = JsonText.String(value) ?? JsonText.String(JsonText.Member(value, "id"u8));
            }
        }

        if (api.HasItems())
        {
            ReadStatus(status, incomplete, output);
        }

        if (api is GenAIApi.StoredResponse)
        {
            // That a response failed earlier is what the fetch was to find out.
            Status = status.IsEmpty ? null : System.Text.Encoding.UTF8.GetString(status);
            Error = null;
        }
    }

    private void ReadChoices(ReadOnlySpan<byte> choices)
    {
        foreach (var choice in new JsonElements(choices))
        {
            if (JsonText.Recent(JsonText.Member(choice, "finish_reason"u8)) is { } reason)
            {
                AddFinishReason(reason);
            }
        }
    }

    private void ReadVectors(ReadOnlySpan<byte> data)
    {
        foreach (var element in new JsonElements(data))
        {
            Dimensions = EmbeddingVector.Dimensions(JsonText.Member(element, "embedding"u8));
            return;
        }
    }

    /// <summary>A Responses answer has a status instead of finish reasons: they are told in the words of chat completions.</summary>
    private void ReadStatus(ReadOnlySpan<byte> status, ReadOnlySpan<byte> incompleteReason, ReadOnlySpan<byte> output)
    {
        if (status.SequenceEqual("completed"u8))
        {
            AddFinishReason(AsksForTools(output) ? "tool_calls" : "stop");
        }
        else if (status.SequenceEqual("incomplete"u8))
        {
            AddFinishReason(JsonText.Unquote(incompleteReason).SequenceEqual("content_filter"u8) ? "content_filter" : "length");
        }
        else if (status.SequenceEqual("failed"u8) || status.SequenceEqual("cancelled"u8))
        {
            AddFinishReason("error");
            Error ??= new ServerError(null, $"The response is {System.Text.Encoding.UTF8.GetString(status)}.");
        }
    }

    private static bool AsksForTools(ReadOnlySpan<byte> output)
    {
        foreach (var item in new JsonElements(output))
        {
            if (JsonText.Unquote(JsonText.Member(item, "type"u8)).SequenceEqual("function_call"u8))
            {
                return true;
            }
        }

        return false;
    }
}
