using Microsoft.Extensions.AI;

namespace LlamaStack.Client;

/// <summary>Embeddings as an <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/>.</summary>
internal sealed class LlamaStackEmbeddingGenerator(LlamaStackClient client, string? model) : IEmbeddingGenerator<string, Embedding<float>>
{
    /// <summary>The most texts that the server takes at once.</summary>
    private const int MostTexts = 2_048;

    private readonly DefaultModel _model = new(client, model ?? client.Options.EmbeddingModel, "embedding", $"{client.Section}:EmbeddingModel");

    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(
        IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        var raw = options?.RawRepresentationFactory?.Invoke(this) as EmbeddingsRequest;
        var named = raw?.Model ?? options?.ModelId ?? await _model.GetAsync(cancellationToken).ConfigureAwait(false);
        var request = AIValues.With(
            (raw ?? new EmbeddingsRequest()) with { Model = named, Dimensions = raw?.Dimensions ?? options?.Dimensions },
            Wire.Json.EmbeddingsRequest,
            options?.AdditionalProperties);

        var result = new GeneratedEmbeddings<Embedding<float>>();
        foreach (var texts in values.Chunk(MostTexts))
        {
            var answer = await client.CreateEmbeddingsAsync(request with { Input = texts }, cancellationToken).ConfigureAwait(false);
            if (answer.Data.Count != texts.Length)
            {
                throw new LlamaStackException($"The LlamaStack server at {client.Endpoint} answered {texts.Length} texts with {answer.Data.Count} vectors.");
            }

            result.AddRange(answer.Data
                .OrderBy(static vector => vector.Index)
                .Select(vector => new Embedding<float>(vector.Embedding) { ModelId = answer.Model ?? named }));
            if (answer.Usage is { } usage)
            {
                result.Usage ??= new UsageDetails();
                result.Usage.Add(new UsageDetails { InputTokenCount = usage.PromptTokens, TotalTokenCount = usage.TotalTokens });
            }
        }

        return result;
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(EmbeddingGeneratorMetadata) ? new EmbeddingGeneratorMetadata(LlamaStackChatClient.ProviderName, client.Endpoint, _model.Id)
            : serviceType == typeof(LlamaStackClient) ? client
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    public void Dispose()
    {
        // The HttpClient belongs to whoever made the client.
    }
}
