using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>The events of a streamed response, in the server's order and with its quirks.</summary>
internal sealed class ResponseEvents(ResponseDraft draft)
{
    private int _sequence;

    public IEnumerable<JsonObject> All()
    {
        yield return Whole("response.created", draft.InProgress());
        yield return Whole("response.in_progress", draft.InProgress());
        var answer = draft.Answer;
        foreach (var step in answer.Calls.Count > 0 ? Calls(answer.Calls) : answer.Refusal is { } refusal ? Refusal(refusal) : Text(answer.Text ?? ""))
        {
            yield return step;
        }

        yield return Whole(draft.Incomplete ? "response.incomplete" : "response.completed", draft.Finished());
    }

    /// <summary>An unknown model is found out when the stream has begun already.</summary>
    public IEnumerable<JsonObject> Refused(string message)
    {
        yield return Whole("response.created", draft.InProgress());
        yield return Whole("response.in_progress", draft.InProgress());
        yield return Error(message, _sequence);
    }

    public IEnumerable<JsonObject> Failed(string message)
    {
        yield return Whole("response.created", draft.InProgress());
        yield return Whole("response.in_progress", draft.InProgress());
        yield return Whole("response.failed", draft.Failed(message));
    }

    public static JsonObject Error(string message, int sequence) => new()
    {
        ["code"] = "404",
        ["message"] = message,
        ["param"] = null,
        ["sequence_number"] = sequence,
        ["type"] = "error",
    };

    private IEnumerable<JsonObject> Text(string text)
    {
        yield return Item("response.output_item.added", 0, draft.Message("in_progress", null));
        yield return Part("response.content_part.added", 0, ResponseDraft.TextPart(""));
        foreach (var delta in Words.Deltas(text))
        {
            yield return Numbered("response.output_text.delta", new JsonObject
            {
                ["content_index"] = 0,
                ["delta"] = delta,
                ["item_id"] = draft.ItemIds[0],
                ["logprobs"] = new JsonArray(),
                ["output_index"] = 0,
            });
        }

        yield return Part("response.content_part.done", 0, ResponseDraft.TextPart(text));
        yield return Item("response.output_item.done", 0, draft.Message("completed", text));
    }

    /// <summary>A refusal belongs to an item that is never announced, at content index 2.</summary>
    private IEnumerable<JsonObject> Refusal(string refusal)
    {
        yield return Part("response.content_part.added", 2, new JsonObject { ["type"] = "refusal", ["refusal"] = "" });
        yield return Numbered("response.refusal.delta", OfRefusal("delta", refusal));
        yield return Numbered("response.refusal.done", OfRefusal("refusal", refusal));
        yield return Part("response.content_part.done", 2, new JsonObject { ["type"] = "refusal", ["refusal"] = refusal });
    }

    /// <summary>Parallel calls share output index 0 until they are done.</summary>
    private IEnumerable<JsonObject> Calls(IReadOnlyList<CannedCall> calls)
    {
        for (var i = 0; i < calls.Count; i++)
        {
            yield return Item("response.output_item.added", 0, draft.FunctionCall(i, "in_progress", withArguments: false));
            foreach (var delta in Words.Deltas(calls[i].Arguments))
            {
                yield return Numbered("response.function_call_arguments.delta", OfCall("delta", delta, i));
            }
        }

        for (var i = 0; i < calls.Count; i++)
        {
            yield return Numbered("response.function_call_arguments.done", OfCall("arguments", calls[i].Arguments, i));
        }

        for (var i = 0; i < calls.Count; i++)
        {
            yield return Item("response.output_item.done", i, draft.FunctionCall(i, "completed", withArguments: true));
        }
    }

    private JsonObject OfRefusal(string member, string text) => new()
    {
        ["content_index"] = 2,
        [member] = text,
        ["item_id"] = draft.ItemIds[0],
        ["output_index"] = 0,
    };

    private JsonObject OfCall(string member, string text, int index) => new()
    {
        [member] = text,
        ["item_id"] = draft.ItemIds[index],
        ["output_index"] = 0,
    };

    private JsonObject Whole(string type, JsonObject response) => Numbered(type, new JsonObject { ["response"] = response });

    private JsonObject Item(string type, int index, JsonObject item) => Numbered(type, new JsonObject
    {
        ["response_id"] = draft.Id,
        ["item"] = item,
        ["output_index"] = index,
    });

    private JsonObject Part(string type, int contentIndex, JsonObject part) => Numbered(type, new JsonObject
    {
        ["content_index"] = contentIndex,
        ["response_id"] = draft.Id,
        ["item_id"] = draft.ItemIds[0],
        ["output_index"] = 0,
        ["part"] = part,
    });

    private JsonObject Numbered(string type, JsonObject body)
    {
        body["sequence_number"] = _sequence++;
        body["type"] = type;
        return body;
    }
}
