using System.Diagnostics;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;

namespace LlamaStack.Client;

/// <summary>Chat completions as an <see cref="IChatClient"/>.</summary>
internal sealed class LlamaStackChatClient(LlamaStackClient client, string? model) : IChatClient
{
    /// <summary>The provider's name in telemetry.</summary>
    public const string ProviderName = "llama_stack";

    private readonly DefaultModel _model = new(client, model ?? client.Options.Model, "llm", $"{client.Section}:Model");

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var request = await RequestAsync(messages, options, cancellationToken).ConfigureAwait(false);
        return ChatAnswers.From(await client.CreateChatCompletionAsync(request, cancellationToken).ConfigureAwait(false));
    }

    public IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        return StreamAsync(messages, options, cancellationToken);
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata(ProviderName, client.Endpoint, _model.Id)
            : serviceType == typeof(LlamaStackClient) ? client
            : serviceType == typeof(ActivitySource) ? LlamaStackClientDiagnostics.ActivitySource
            : serviceType.IsInstanceOfType(this) ? this
            : null;
    }

    public void Dispose()
    {
        // The HttpClient belongs to whoever made the client.
    }

    private async IAsyncEnumerable<ChatResponseUpdate> StreamAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = await RequestAsync(messages, options, cancellationToken).ConfigureAwait(false);
        request = request with { StreamOptions = request.StreamOptions ?? new ChatStreamOptions { IncludeUsage = true } };
        var answer = new ChatStreamAnswer();
        await foreach (var chunk in client.StreamChatCompletionAsync(request, cancellationToken).ConfigureAwait(false))
        {
            yield return answer.Add(chunk);
        }

        if (answer.End() is { } rest)
        {
            yield return rest;
        }
    }

    private async ValueTask<ChatCompletionRequest> RequestAsync(IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        var raw = options?.RawRepresentationFactory?.Invoke(this) as ChatCompletionRequest;
        var named = raw?.Model ?? options?.ModelId ?? await _model.GetAsync(cancellationToken).ConfigureAwait(false);
        return ChatRequests.From(messages, options, raw, named);
    }
}
