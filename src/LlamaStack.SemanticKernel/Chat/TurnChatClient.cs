using System.Diagnostics;
using System.Runtime.CompilerServices;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.AI;

namespace LlamaStack.SemanticKernel;

/// <summary>
/// Outside the loop that calls functions: keeps its model calls and functions in one trace. Where a recorded span is current they hang below it; where none is,
/// a turn that may take several calls gets a span of its own.
/// </summary>
internal sealed class TurnChatClient(IChatClient innerClient, bool keepContent) : DelegatingChatClient(innerClient)
{
    private const string SpanName = "chat turn";

    public override async Task<ChatResponse> GetResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, CancellationToken cancellationToken = default)
    {
        using var turn = Start(options);
        try
        {
            return await base.GetResponseAsync(messages, options, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            turn?.SetError(e, keepContent);
            throw;
        }
    }

    public override async IAsyncEnumerable<ChatResponseUpdate> GetStreamingResponseAsync(
        IEnumerable<ChatMessage> messages, ChatOptions? options = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var turn = Start(options);
        var updates = base.GetStreamingResponseAsync(messages, options, cancellationToken);
        await foreach (var update in updates.ReadBelow(Activity.Current, e => turn?.SetError(e, keepContent), cancellationToken).ConfigureAwait(false))
        {
            yield return update;
        }
    }

    private static TraceSpan? Start(ChatOptions? options) =>
        options?.Tools is { Count: > 0 } && (Activity.Current is not { IsAllDataRequested: true } current || IsAgent(current))
            ? LlamaStackTrace.StartSpan(SpanName)
            : null;

    /// <summary>Directly below an agent, the loop would make a second span of each function, with the message of whatever it throws.</summary>
    private static bool IsAgent(Activity activity) =>
        activity.DisplayName.StartsWith(GenAIAttributes.OperationValue.InvokeAgent, StringComparison.Ordinal)
        || activity.DisplayName.StartsWith(GenAIAttributes.OperationValue.InvokeWorkflow, StringComparison.Ordinal);
}
