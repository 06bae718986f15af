using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary><c>POST /v1/embeddings</c> and <c>POST /v1alpha/inference/rerank</c>.</summary>
internal sealed class EmbeddingRoutes(ModelCatalog models)
{
    public void Map(RouteTable<Func<Call, Task>> routes)
    {
        routes.Map("POST", "/v1/embeddings", EmbedAsync);
        routes.Map("POST", "/v1alpha/inference/rerank", RerankAsync);
    }

    private Task EmbedAsync(Call call)
    {
        var body = RequestBody.Read(call);
        var id = body.Text("model");
        var texts = Inputs(body);
        var encoding = body.Json.ContainsKey("encoding_format") ? $"{body["encoding_format"]}" : "float";
        if (encoding is not ("float" or "base64"))
        {
            body.Reject("literal_error", "Input should be 'float' or 'base64'", "encoding_format");
        }

        RejectNull(body, "dimensions");
        var dimensions = body.Integer("dimensions", 1);
        RejectNull(body, "user");
        body.ThrowIfInvalid();

        var model = models.Get(id, LlamaStackTestModelType.Embedding);
        if (texts is null)
        {
            throw LlamaStackError.Error(
                400, $"Model '{model.ProviderResourceId}' does not support token arrays. Please provide text input as a string or list of strings instead.");
        }

        var tokens = texts.Sum(Words.Count);
        return call.WriteJsonAsync(new JsonObject
        {
            ["object"] = "list",
            ["data"] = new JsonArray([.. texts.Select((text, index) => Entry(WordVector.Of(text, dimensions ?? model.EmbeddingDimension), index, encoding))]),
            ["model"] = id,
            ["usage"] = new JsonObject { ["prompt_tokens"] = tokens, ["total_tokens"] = tokens },
        });
    }

    private Task RerankAsync(Call call)
    {
        var body = RequestBody.Read(call);
        var model = body.Text("model");
        if (!body.Json.ContainsKey("query"))
        {
            body.Reject("missing", "Field required", "query");
        }

        var items = body.Items("items");
        var most = body.Integer("max_num_results", 1) ?? items.Count;
        body.ThrowIfInvalid();
        models.Get(model, LlamaStackTestModelType.Rerank);

        var query = Terms(body["query"]);
        var ranked = items
            .Select((item, index) => (Index: index, Score: Math.Round((double)query.Intersect(Terms(item)).Count() / Math.Max(1, query.Count), 4)))
            .OrderByDescending(static result => result.Score)
            .Take(most);
        return call.WriteJsonAsync(new JsonObject
        {
            ["data"] = new JsonArray([.. ranked.Select(static result => new JsonObject { ["index"] = result.Index, ["relevance_score"] = result.Score })]),
        });
    }

    /// <summary>The texts, or null for token arrays, which are valid but which this model does not take.</summary>
    private static List<string>? Inputs(RequestBody body)
    {
        switch (body["input"])
        {
            case null:
                body.Reject("missing", "Field required", "input");
                return [];
            case JsonArray { Count: 0 }:
                body.Reject("string_type", "Input should be a valid string", "input", "str");
                foreach (var kind in (ReadOnlySpan<string>)["list[str]", "list[int]", "list[list[int]]"])
                {
                    body.Reject("too_short", "List should have at least 1 item after validation, not 0", "input", kind);
                }

                return [];
            case JsonArray items:
                return items[0]?.GetValueKind() == JsonValueKind.String ? [.. items.Select(static item => item?.ToString() ?? "")] : null;
            case var text:
                return [text.ToString()];
        }
    }

    private static void RejectNull(RequestBody body, string name)
    {
        if (body.Json.TryGetPropertyValue(name, out var value) && value is null)
        {
            body.Reject("value_error", $"Value error, {name} cannot be null", name);
        }
    }

    private static JsonObject Entry(float[] vector, int index, string encoding) => new()
    {
        ["object"] = "embedding",
        ["embedding"] = encoding == "base64"
            ? Convert.ToBase64String(MemoryMarshal.AsBytes<float>(vector))
            : new JsonArray([.. vector.Select(static number => (JsonNode)Math.Round((double)number, 6))]),
        ["index"] = index,
    };

    private static HashSet<string> Terms(JsonNode? item) =>
        [.. (item is JsonObject part ? part["text"]?.ToString() ?? "" : item?.ToString() ?? "").ToLowerInvariant().Split(' ', StringSplitOptions.RemoveEmptyEntries)];
}
