using Microsoft.Extensions.AI;

namespace LlamaStack.Client.Tests;

internal static class ChatClients
{
    public static Task<ChatResponse> AskAsync(this IChatClient client, ChatOptions? options = null) => client.GetResponseAsync("Hi", options, Ct);

    public static Task<ChatResponse> StreamAsync(this IChatClient client, ChatOptions? options = null) =>
        client.GetStreamingResponseAsync("Hi", options, Ct).ToChatResponseAsync(Ct);
}
