using LlamaStack.Instrumentation;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;

namespace SemanticKernel;

/// <summary>Answers with a note that it finds by embeddings, and with functions that the model calls. One answer is one trace.</summary>
internal sealed class CityGuide(Kernel kernel, TextWriter writer)
{
    private readonly List<string> _traces = [];
    private readonly NoteSearch _notes = new(kernel.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>());

    private readonly KernelFunction _answer = kernel.CreateFunctionFromPrompt(
        """
        <message role="system">You guide visitors of a city. You have noted: {{$note}}</message>
        <message role="user">{{$question}}</message>
        """,
        new PromptExecutionSettings { FunctionChoiceBehavior = FunctionChoiceBehavior.Auto() },
        functionName: "answer");

    /// <summary>Gets the ids of the traces so far.</summary>
    public IReadOnlyList<string> Traces => _traces;

    /// <summary>Writes the answer as it comes.</summary>
    public async Task AnswerAsync(string question)
    {
        await writer.WriteLineAsync($"\n> {question}");
        using var turn = LlamaStackTrace.StartAgent("city guide");
        try
        {
            var note = await _notes.FindAsync(question);
            await foreach (var piece in kernel.InvokeStreamingAsync<string>(_answer, new() { ["note"] = note, ["question"] = question }))
            {
                await writer.WriteAsync(piece);
            }
        }
        catch (Exception e)
        {
            turn.SetError(e);
            throw;
        }
        finally
        {
            if (turn.TraceId is { } id)
            {
                await writer.WriteLineAsync($"\n  [trace {id}]");
                _traces.Add(id);
            }
        }
    }
}
