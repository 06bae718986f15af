using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class EmbeddingTests
{
    [Fact]
    public async Task Vectors_have_length_one_and_the_model_s_dimension()
    {
        var vectors = await EmbedAsync("The red fox jumps over the fence.", "Invoices are due in thirty days.");

        Assert.All(vectors, static vector =>
        {
            Assert.Equal(256, vector.Length);
            Assert.Equal(1, Dot(vector, vector), 3);
        });
    }

    [Fact]
    public async Task A_text_lies_nearer_to_one_with_its_words_than_to_others()
    {
        var vectors = await EmbedAsync("How do I return a pair of shoes?", "Shoes may be returned within 30 days.", "Our office is in Bergen, Norway.", "The meeting starts at nine.");

        Assert.True(Dot(vectors[0], vectors[1]) > Dot(vectors[0], vectors[2]) + 0.1);
        Assert.True(Dot(vectors[0], vectors[1]) > Dot(vectors[0], vectors[3]) + 0.1);
    }

    [Fact]
    public async Task Base64_holds_the_same_numbers_as_floats()
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var floats = Vector((await server.PostAsync("/v1/embeddings", Request("hello world")).JsonAsync())["data"]![0]!);
        var request = Request("hello world");
        request["encoding_format"] = "base64";

        var text = (await server.PostAsync("/v1/embeddings", request).JsonAsync())["data"]![0]!["embedding"]!.ToString();

        Assert.Equal(floats, MemoryMarshal.Cast<byte, float>(Convert.FromBase64String(text)).ToArray());
    }

    private static async Task<List<float[]>> EmbedAsync(params string[] texts)
    {
        await using var server = await LlamaStackTestServer.StartAsync(cancellationToken: Limit.Token);
        var answer = await server.PostAsync("/v1/embeddings", Request(texts)).JsonAsync();
        return [.. answer["data"]!.AsArray().Select(static item => Vector(item!))];
    }

    private static JsonObject Request(params string[] texts) => new()
    {
        ["model"] = "demo/embed",
        ["input"] = new JsonArray([.. texts.Select(static text => (JsonNode)text)]),
    };

    private static float[] Vector(JsonNode item) => [.. item["embedding"]!.AsArray().Select(static number => number!.GetValue<float>())];

    private static double Dot(float[] left, float[] right) => left.Zip(right, static (a, b) => (double)a * b).Sum();
}
