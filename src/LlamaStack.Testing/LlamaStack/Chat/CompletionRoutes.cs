using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary><c>POST /v1/completions</c>: one choice per prompt.</summary>
internal sealed class CompletionRoutes(ModelCatalog models, EventStream streams, TimeProvider time)
{
    public void Map(RouteTable<Func<Call, Task>> routes) => routes.Map("POST", "/v1/completions", CompleteAsync);

    private Task CompleteAsync(Call call)
    {
        var body = RequestBody.Read(call);
        var model = body.Text("model");
        if (!body.Json.ContainsKey("prompt"))
        {
            body.Reject("missing", "Field required", "prompt");
        }

        var limit = body.Integer("max_tokens");
        var stream = body.Flag("stream");
        body.Number("temperature", 0, 2);
        body.Number("top_p", 0, 1);
        body.ThrowIfInvalid();
        models.Get(model, LlamaStackTestModelType.Chat);

        var prompts = Prompts(body["prompt"]);
        var texts = prompts.ConvertAll(prompt => Text(prompt, limit));
        var created = time.GetUtcNow().ToUnixTimeSeconds();
        var id = $"cmpl-{CannedModel.Id(model, string.Join('\n', prompts))}";
        var usage = Usage(prompts.Sum(Words.Count), texts.Sum(static text => Words.Count(text.Text)));
        var includeUsage = body["stream_options"] is JsonObject options && options["include_usage"]?.GetValueKind() == JsonValueKind.True;
        return stream
            ? streams.WriteAsync(call, Chunks(texts[0], includeUsage ? usage : null).Select(chunk => Completion(id, model, created, chunk.Choices, chunk.Usage)))
            : call.WriteJsonAsync(Completion(id, model, created, new JsonArray([.. texts.Select((text, index) => Choice(text.Text, index, text.Finish))]), usage));
    }

    private static IEnumerable<(JsonArray Choices, JsonObject? Usage)> Chunks((string Text, string Finish) answer, JsonObject? usage)
    {
        foreach (var piece in Words.Deltas(answer.Text))
        {
            yield return (new JsonArray(Choice(piece, 0, null)), null);
        }

        yield return (new JsonArray(Choice("", 0, answer.Finish)), null);
        if (usage is not null)
        {
            yield return ([], usage);
        }
    }

    private static List<string> Prompts(JsonNode? prompt) => prompt is JsonArray list && list.FirstOrDefault()?.GetValueKind() == JsonValueKind.String
        ? [.. list.Select(static item => item?.ToString() ?? "")]
        : [prompt is JsonArray tokens ? tokens.ToJsonString() : prompt?.ToString() ?? ""];

    private static (string Text, string Finish) Text(string prompt, int? limit)
    {
        var text = $" … and so the canned model ends what began with \"{(prompt.Length <= 80 ? prompt : prompt[..80])}\".";
        return limit is { } most && Words.Count(text) > most ? (" " + Words.First(text, most), "length") : (text, "stop");
    }

    private static JsonObject Completion(string id, string model, long created, JsonArray choices, JsonObject? usage) => new()
    {
        ["id"] = id,
        ["choices"] = choices,
        ["created"] = created,
        ["model"] = model,
        ["object"] = "text_completion",
        ["system_fingerprint"] = null,
        ["usage"] = usage,
    };

    private static JsonObject Choice(string text, int index, string? finish) => new()
    {
        ["finish_reason"] = finish,
        ["index"] = index,
        ["logprobs"] = null,
        ["text"] = text,
    };

    private static JsonObject Usage(int prompt, int completion) => new()
    {
        ["completion_tokens"] = completion,
        ["prompt_tokens"] = prompt,
        ["total_tokens"] = prompt + completion,
        ["completion_tokens_details"] = null,
        ["prompt_tokens_details"] = null,
    };
}
