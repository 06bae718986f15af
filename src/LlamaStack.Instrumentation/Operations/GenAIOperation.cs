namespace LlamaStack.Instrumentation;

/// <summary>An operation that gets a span, found by the end of the request's path so that any base path serves.</summary>
internal sealed record GenAIOperation(string PathSuffix, string Name, GenAIApi Api, SpanType SpanType)
{
    // In this order: "/chat/completions" ends with "/completions", too.
    private static readonly GenAIOperation[] _all =
    [
        new("/chat/completions", GenAIAttributes.OperationValue.Chat, GenAIApi.ChatCompletions, SpanType.ChatModel),
        new("/completions", GenAIAttributes.OperationValue.TextCompletion, GenAIApi.Completions, SpanType.Llm),
        new("/responses", GenAIAttributes.OperationValue.Chat, GenAIApi.Responses, SpanType.ChatModel),
        new("/embeddings", GenAIAttributes.OperationValue.Embeddings, GenAIApi.Embeddings, SpanType.Embedding),
    ];

    /// <summary>The operation of a request, or null where it is none that gets a span.</summary>
    public static GenAIOperation? Match(HttpRequestMessage request)
    {
        if (request.Method != HttpMethod.Post || request.Content is null || request.RequestUri is not { IsAbsoluteUri: true } uri)
        {
            return null;
        }

        var path = uri.AbsolutePath.AsSpan().TrimEnd('/');
        foreach (var operation in _all)
        {
            if (path.EndsWith(operation.PathSuffix, StringComparison.OrdinalIgnoreCase))
            {
                return operation;
            }
        }

        return null;
    }
}
