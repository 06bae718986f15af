using LlamaStack.Client;
using Microsoft.Extensions.AI;

namespace WebApi;

/// <summary>The two APIs of the server, each as an <see cref="IChatClient"/>.</summary>
internal sealed class ChatClients(IChatClient chat, LlamaStackClient server)
{
    private readonly IChatClient _responses = server.AsIResponsesChatClient();

    public IChatClient For(string? api) => api is "responses" ? _responses : chat;
}
