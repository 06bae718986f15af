using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace LlamaStack.Client;

/// <summary>Responses as an <see cref="IChatClient"/>.</summary>
internal sealed class LlamaStackResponsesChatClient(LlamaStackClient client, string? model) : IChatClient
{
    private readonly DefaultModel _model = new(client, model ?? client.Options.Model, "llm", $"{client.Section}:Model");

    public async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(messages);
        var request = await RequestAsync(messages, options, cancellationToken).ConfigureAwait(false);
        var response = await client.CreateResponseAsync(request, cancellationToken).ConfigureAwait(false);
        return ResponseAnswers.From(response, ConversationOf(request, response), client.Endpoint);
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
            : serviceType == typeof(ChatClientMetadata) ? new ChatClientMetadata(LlamaStackChatClient.ProviderName, client.Endpoint, _model.Id)
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
        var answer = new ResponseStreamAnswer(response => ConversationOf(request, response), client.Endpoint);
        await foreach (var item in client.StreamResponseAsync(request, cancellationToken).ConfigureAwait(false))
        {
            yield return answer.Add(item);
        }
    }

    private async ValueTask<ResponseRequest> RequestAsync(IEnumerable<ChatMessage> messages, ChatOptions? options, CancellationToken cancellationToken)
    {
        var raw = options?.RawRepresentationFactory?.Invoke(this) as ResponseRequest;
        var named = raw?.Model ?? options?.ModelId ?? await _model.GetAsync(cancellationToken).ConfigureAwait(false);
        return ResponseRequests.From(messages, options, raw, named);
    }

    /// <summary>The id by which the next turn goes on: the conversation's, else the response's; none where the server keeps nothing.</summary>
    private static string? ConversationOf(ResponseRequest request, ResponseObject? response) =>
        request.Conversation?.GetValueKind() == JsonValueKind.String ? request.Conversation.GetValue<string>()
        : request.Store == false || response?.Store == false ? null
        : response?.Id;
}
