using System.Numerics.Tensors;
using System.Text.Json.Nodes;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.AI;

namespace SemanticKernel;

/// <summary>A handful of notes, and the one that is nearest in meaning to a question.</summary>
internal sealed class NoteSearch(IEmbeddingGenerator<string, Embedding<float>> embeddings)
{
    private static readonly string[] _notes =
    [
        "Tram 28 climbs through the old town; it is empty before nine in the morning.",
        "Sardines and other grilled fish are best in the small places by the river, on the quay.",
        "The tile museum is in a former convent, and closed on Mondays.",
        "The weather turns within an hour: take a jacket even when the sun shines.",
        "From the castle one sees the whole city, most beautifully at sunset.",
    ];

    private IReadOnlyList<Embedding<float>>? _vectors;

    public async Task<string> FindAsync(string question)
    {
        using var span = LlamaStackTrace.StartSpan("search notes", SpanType.Retriever).SetInputs(new JsonObject { ["question"] = question });
        _vectors ??= await embeddings.GenerateAsync(_notes);
        var asked = await embeddings.GenerateVectorAsync(question);
        var (score, note) = _vectors
            .Select((vector, i) => (Score: TensorPrimitives.CosineSimilarity(vector.Vector.Span, asked.Span), Note: _notes[i]))
            .MaxBy(found => found.Score);

        // In this form MLflow draws what was found as documents.
        span.SetOutputs(new JsonArray(new JsonObject { ["page_content"] = note, ["metadata"] = new JsonObject { ["score"] = score } }));
        return note;
    }
}
