using System.Text.Json;
using Microsoft.Extensions.AI;

namespace LlamaStack.Client.Tests;

public sealed class EmbeddingGeneratorTests
{
    [Fact]
    public async Task Texts_become_vectors()
    {
        var server = new StubServer().File("llamastack-live/models/list.response.json").File("llamastack-live/embeddings/batch.response.json");
        var generator = server.Client().AsIEmbeddingGenerator();
        var expected = Fixtures.Json("llamastack-live/embeddings/batch.response.json");
        var texts = Enumerable.Range(0, expected.GetProperty("data").GetArrayLength()).Select(n => $"text {n}").ToList();

        var embeddings = await generator.GenerateAsync(
            texts, new EmbeddingGenerationOptions { Dimensions = 8, AdditionalProperties = new() { ["user"] = "ada", ["truncate"] = true } }, Ct);

        JsonAssert.Equal(
            JsonSerializer.SerializeToElement(new { model = "stub/stub-embed", input = texts, dimensions = 8, user = "ada", truncate = true }), server.Calls[1].Json);
        Assert.Equal(texts.Count, embeddings.Count);
        Assert.All(embeddings, embedding => Assert.Equal((8, "stub/stub-embed"), (embedding.Dimensions, embedding.ModelId)));
        Assert.Equal(expected.GetProperty("usage").GetProperty("total_tokens").GetInt64(), embeddings.Usage!.TotalTokenCount);
        Assert.Equal(expected.GetProperty("usage").GetProperty("prompt_tokens").GetInt64(), embeddings.Usage.InputTokenCount);
        var metadata = generator.GetRequiredService<EmbeddingGeneratorMetadata>();
        Assert.Equal(("llama_stack", "http://llama.test:8321/v1/", "stub/stub-embed"), (metadata.ProviderName, metadata.ProviderUri!.AbsoluteUri, metadata.DefaultModelId));
    }

    [Fact]
    public async Task More_texts_than_the_server_takes_are_sent_in_parts_and_stay_in_order()
    {
        var server = new StubServer().Json(Answer(2_048, 0)).Json(Answer(2_048, 2_048)).Json(Answer(1, 4_096));
        var embeddings = await server.Client().AsIEmbeddingGenerator("m").GenerateAsync(Enumerable.Range(0, 4_097).Select(n => $"{n}"), cancellationToken: Ct);
        Assert.Equal([2_048, 2_048, 1], server.Calls.Select(call => call.Json.GetProperty("input").GetArrayLength()));
        Assert.Equal(Enumerable.Range(0, 4_097).Select(n => (float)n), embeddings.Select(embedding => embedding.Vector.Span[0]));
        Assert.Equal(4_097, embeddings.Usage!.TotalTokenCount);

        // The server's own order is not to be relied on.
        static string Answer(int count, int first) => JsonSerializer.Serialize(new
        {
            data = Enumerable.Range(0, count).Reverse().Select(n => new { index = n, embedding = new[] { first + n } }),
            usage = new { prompt_tokens = count, total_tokens = count },
        });
    }

    [Fact]
    public async Task No_texts_need_no_call()
    {
        var embeddings = await new StubServer().Client().AsIEmbeddingGenerator("m").GenerateAsync([], cancellationToken: Ct);
        Assert.Empty(embeddings);
    }

    [Fact]
    public async Task An_answer_with_too_few_vectors_is_an_error()
    {
        var server = new StubServer().Json("""{"data":[{"index":0,"embedding":[1]}]}""");
        await Assert.ThrowsAsync<LlamaStackException>(() => server.Client().AsIEmbeddingGenerator("m").GenerateAsync(["a", "b"], cancellationToken: Ct));
    }

    [Fact]
    public async Task A_request_of_the_callers_own_comes_first()
    {
        var server = new StubServer().File("llamastack-live/embeddings/base64.response.json");
        await server.Client().AsIEmbeddingGenerator("m").GenerateAsync(
            ["a"],
            new EmbeddingGenerationOptions
            {
                ModelId = "n",
                Dimensions = 3,
                RawRepresentationFactory = _ => new EmbeddingsRequest { Dimensions = 8, EncodingFormat = "base64" },
            },
            Ct);
        JsonAssert.Equal("""{"model":"n","input":["a"],"encoding_format":"base64","dimensions":8}""", server.Calls.Single().Body!);
    }
}
