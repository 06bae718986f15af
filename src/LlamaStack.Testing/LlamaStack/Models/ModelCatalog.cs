using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>The models, and the texts with which the server refuses a wrong one.</summary>
internal sealed class ModelCatalog(IReadOnlyList<LlamaStackTestModel> models, TimeProvider time)
{
    private readonly long _registered = time.GetUtcNow().ToUnixTimeSeconds();

    public LlamaStackTestModel? Find(string id) => models.FirstOrDefault(model => model.Id == id);

    public LlamaStackTestModel Get(string id, LlamaStackTestModelType type)
    {
        var model = Find(id) ?? throw LlamaStackError.ModelNotFound(id);
        var expected = new LlamaStackTestModel(id, type);
        return model.Type == type
            ? model
            : throw LlamaStackError.Error(400, $"Model '{id}' is of type '{model.TypeName}' rather than the expected type '{expected.TypeName}'");
    }

    /// <summary>The list; <c>created</c> is the time of the call.</summary>
    public JsonObject List() => new()
    {
        ["object"] = "list",
        ["data"] = new JsonArray([.. models.Select(model => ListEntry(model, time.GetUtcNow().ToUnixTimeSeconds()))]),
    };

    /// <summary>One model, in a shape of its own.</summary>
    public JsonObject Describe(LlamaStackTestModel model) => new()
    {
        ["identifier"] = model.Id,
        ["provider_resource_id"] = model.ProviderResourceId,
        ["provider_id"] = model.ProviderId,
        ["type"] = "model",
        ["metadata"] = AddDimension(model, []),
        ["created"] = _registered,
        ["owned_by"] = "ogx",
        ["model_type"] = model.TypeName,
        ["model_validation"] = null,
        ["id"] = model.Id,
        ["object"] = "model",
    };

    private static JsonObject ListEntry(LlamaStackTestModel model, long created) => new()
    {
        ["id"] = model.Id,
        ["object"] = "model",
        ["created"] = created,
        ["owned_by"] = "ogx",
        ["custom_metadata"] = AddDimension(model, new JsonObject
        {
            ["model_type"] = model.TypeName,
            ["provider_id"] = model.ProviderId,
            ["provider_resource_id"] = model.ProviderResourceId,
        }),
    };

    private static JsonObject AddDimension(LlamaStackTestModel model, JsonObject metadata)
    {
        if (model.Type == LlamaStackTestModelType.Embedding)
        {
            metadata["embedding_dimension"] = model.EmbeddingDimension;
            metadata["context_length"] = 512;
        }

        return metadata;
    }
}
