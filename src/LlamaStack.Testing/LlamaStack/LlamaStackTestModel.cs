namespace LlamaStack.Testing;

/// <summary>A model that the server lists.</summary>
/// <param name="Id">What a caller asks for: <c>provider/name</c>; the name may hold more slashes.</param>
/// <param name="Type">Which calls it takes.</param>
public sealed record LlamaStackTestModel(string Id, LlamaStackTestModelType Type = LlamaStackTestModelType.Chat)
{
    /// <summary>Gets how many numbers a vector of an embedding model has.</summary>
    /// <value>Defaults to 256. A request's <c>dimensions</c> wins.</value>
    public int EmbeddingDimension { get; init; } = 256;

    internal string ProviderId => Id.Split('/', 2)[0];

    internal string ProviderResourceId => Id.Split('/', 2)[^1];

    /// <summary>The word for <see cref="Type"/> on the wire.</summary>
    internal string TypeName => Type switch
    {
        LlamaStackTestModelType.Embedding => "embedding",
        LlamaStackTestModelType.Rerank => "rerank",
        _ => "llm",
    };
}
