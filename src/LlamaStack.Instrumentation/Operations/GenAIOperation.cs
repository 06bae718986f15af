namespace LlamaStack.Instrumentation;

/// <summary>An operation that gets a span, found by its method and the end of its path so that any base path serves.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The last segments of the path; <c>*</c> stands for any one of them.</param>
/// <param name="Name">The value of <c>gen_ai.operation.name</c>.</param>
/// <param name="Api">The shape of its request and answer.</param>
/// <param name="SpanType">What its span stands for.</param>
internal sealed record GenAIOperation(HttpMethod Method, string Path, string Name, GenAIApi Api, SpanType SpanType)
{
    // In this order: ".../chat/completions" ends with "/completions", too.
    private static readonly GenAIOperation[] _all =
    [
        new(HttpMethod.Post, "/chat/completions", GenAIAttributes.OperationValue.Chat, GenAIApi.ChatCompletions, SpanType.ChatModel),
        new(HttpMethod.Post, "/completions", GenAIAttributes.OperationValue.TextCompletion, GenAIApi.Completions, SpanType.Llm),
        new(HttpMethod.Post, "/responses", GenAIAttributes.OperationValue.Chat, GenAIApi.Responses, SpanType.ChatModel),
        new(HttpMethod.Post, "/responses/compact", GenAIAttributes.OperationValue.Chat, GenAIApi.Responses, SpanType.ChatModel),
        new(HttpMethod.Get, "/responses/*", GenAIAttributes.OperationValue.FetchResponse, GenAIApi.StoredResponse, SpanType.Chain),
        new(HttpMethod.Post, "/embeddings", GenAIAttributes.OperationValue.Embeddings, GenAIApi.Embeddings, SpanType.Embedding),
        new(HttpMethod.Post, "/moderations", GenAIAttributes.OperationValue.Moderation, GenAIApi.Moderations, SpanType.Guardrail),
        new(HttpMethod.Post, "/vector_stores/*/search", GenAIAttributes.OperationValue.Retrieval, GenAIApi.VectorSearch, SpanType.Retriever),
        new(HttpMethod.Post, "/vector-io/query", GenAIAttributes.OperationValue.Retrieval, GenAIApi.VectorSearch, SpanType.Retriever),
        new(HttpMethod.Post, "/rerank", GenAIAttributes.OperationValue.Rerank, GenAIApi.Rerank, SpanType.Reranker),
        new(HttpMethod.Post, "/reranking", GenAIAttributes.OperationValue.Rerank, GenAIApi.Rerank, SpanType.Reranker),
        new(HttpMethod.Post, "/tool-runtime/invoke", GenAIAttributes.OperationValue.ExecuteTool, GenAIApi.ToolInvocation, SpanType.Tool),
    ];

    private SpanName? _recent;

    /// <summary>Gets what the spans of this operation carry where no content is recorded.</summary>
    public SpanContent NoContent { get; } = new(SpanType, isShared: true) { Api = Api };

    /// <summary>The name of a span: what is done, and with what. The last one is kept: most applications call one model.</summary>
    public string SpanNameOf(string? target)
    {
        if (target is null)
        {
            return Name;
        }

        var recent = Volatile.Read(ref _recent);
        if (recent is null || recent.Target != target)
        {
            recent = new SpanName(target, $"{Name} {target}");
            Volatile.Write(ref _recent, recent);
        }

        return recent.Name;
    }

    /// <summary>The operation of a request, or null where it is none that gets a span.</summary>
    public static GenAIOperation? Match(HttpRequestMessage request)
    {
        if (request.RequestUri is not { IsAbsoluteUri: true } uri || (request.Content is null && request.Method != HttpMethod.Get))
        {
            return null;
        }

        var path = uri.AbsolutePath.AsSpan().TrimEnd('/');
        foreach (var operation in _all)
        {
            if (operation.Method == request.Method && EndsWith(path, operation.Path))
            {
                return operation;
            }
        }

        return null;
    }

    private static bool EndsWith(ReadOnlySpan<char> path, ReadOnlySpan<char> pattern)
    {
        while (!pattern.IsEmpty)
        {
            var slash = path.LastIndexOf('/');
            var expected = pattern[(pattern.LastIndexOf('/') + 1)..];
            if (slash < 0 || (expected is "*" ? slash == path.Length - 1 : !path[(slash + 1)..].Equals(expected, StringComparison.OrdinalIgnoreCase)))
            {
                return false;
            }

            path = path[..slash];
            pattern = pattern[..pattern.LastIndexOf('/')];
        }

        return true;
    }

    private sealed record SpanName(string Target, string Name);
}
