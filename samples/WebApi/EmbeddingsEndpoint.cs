using LlamaStack.Instrumentation;
using Microsoft.Extensions.AI;

namespace WebApi;

/// <summary><c>POST /embeddings</c>: texts become vectors.</summary>
internal static class EmbeddingsEndpoint
{
    public static async Task<IResult> EmbedAsync(EmbeddingsQuestion question, IEmbeddingGenerator<string, Embedding<float>> generator, CancellationToken cancellationToken)
    {
        if (question.Input is not { Count: > 0 } input || input.Any(string.IsNullOrEmpty))
        {
            return TypedResults.ValidationProblem(new Dictionary<string, string[]> { ["input"] = ["The member \"input\" is missing: a list of texts, none of them empty."] });
        }

        var vectors = await generator.GenerateAsync(input!, cancellationToken: cancellationToken);
        return TypedResults.Ok(new EmbeddingsAnswer(vectors[0].Vector.Length, vectors.Count, LlamaStackTrace.CurrentTraceId));
    }
}
