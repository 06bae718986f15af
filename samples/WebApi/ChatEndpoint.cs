using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using LlamaStack.Client;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.AI;

namespace WebApi;

/// <summary><c>POST /chat</c>: a question, and the answer at once or as it is made.</summary>
internal static class ChatEndpoint
{
    public static async Task<IResult> AskAsync(ChatQuestion question, ChatClients clients, HttpContext context)
    {
        if (Problems(question) is { Count: > 0 } problems)
        {
            return TypedResults.ValidationProblem(problems);
        }

        var client = clients.For(question.Api);
        var options = new ChatOptions { ModelId = question.Model };
        if (context.Request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase))
        {
            await StreamAsync(client.GetStreamingResponseAsync(question.Message!, options, context.RequestAborted), context);
            return TypedResults.Empty;
        }

        var response = await client.GetResponseAsync(question.Message!, options, context.RequestAborted);
        return TypedResults.Ok(Answer(response));
    }

    public static Dictionary<string, string[]> Problems(ChatQuestion question)
    {
        Dictionary<string, string[]> problems = [];
        if (string.IsNullOrWhiteSpace(question.Message))
        {
            problems["message"] = ["The member \"message\" is missing: what is to be asked."];
        }

        if (question.Api is not (null or "chat" or "responses"))
        {
            problems["api"] = ["The member \"api\" must be \"chat\" or \"responses\"."];
        }

        return problems;
    }

    public static ChatAnswer Answer(ChatResponse response) => new(
        response.Text, response.ModelId, new ChatTokens(response.Usage?.InputTokenCount, response.Usage?.OutputTokenCount), LlamaStackTrace.CurrentTraceId);

    private static async Task StreamAsync(IAsyncEnumerable<ChatResponseUpdate> updates, HttpContext context)
    {
        List<ChatResponseUpdate> all = [];
        try
        {
            await foreach (var update in updates)
            {
                all.Add(update);
                if (update.Text.Length > 0)
                {
                    await WriteAsync(context, "delta", new ChatDelta(update.Text), Json.Default.ChatDelta);
                }
            }
        }
        catch (LlamaStackException e) when (context.Response.HasStarted)
        {
            // The status is out already: the error is the stream's last event.
            await WriteAsync(context, "error", new ChatError(e.Message, ModelServerErrors.StatusOf(e)), Json.Default.ChatError);
            return;
        }

        await WriteAsync(context, "done", Answer(all.ToChatResponse()), Json.Default.ChatAnswer);
    }

    private static async Task WriteAsync<T>(HttpContext context, string name, T data, JsonTypeInfo<T> type)
    {
        if (!context.Response.HasStarted)
        {
            context.Response.ContentType = "text/event-stream";
            context.Response.Headers.CacheControl = "no-cache";
        }

        await SseFormatter.WriteAsync(One(new SseItem<T>(data, name)), context.Response.Body, (item, output) =>
        {
            using var writer = new Utf8JsonWriter(output);
            JsonSerializer.Serialize(writer, item.Data, type);
        }, context.RequestAborted);
        await context.Response.Body.FlushAsync(context.RequestAborted);
    }

    private static async IAsyncEnumerable<T> One<T>(T item)
    {
        yield return item;
        await Task.CompletedTask;
    }
}
