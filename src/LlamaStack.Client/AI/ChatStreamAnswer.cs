using System.Text;
using Microsoft.Extensions.AI;

namespace LlamaStack.Client;

/// <summary>Chunks of a streamed completion as updates of Microsoft.Extensions.AI. Text passes at once; calls, refusal and usage come whole at the end.</summary>
internal sealed class ChatStreamAnswer
{
    private readonly List<Call> _calls = [];
    private readonly StringBuilder _refusal = new();
    private ChatCompletionChunk? _last;
    private ChatUsage? _usage;
    private ChatFinishReason? _finishReason;

    public ChatResponseUpdate Add(ChatCompletionChunk chunk)
    {
        _last = chunk;

        // Some providers report the usage so far with each chunk: the last one counts.
        _usage = chunk.Usage ?? _usage;
        var choice = chunk.Choices.FirstOrDefault(static choice => choice.Index == 0);
        _finishReason = AIValues.FinishReason(choice?.FinishReason) ?? _finishReason;
        _refusal.Append(choice?.Delta?.Refusal);
        foreach (var fragment in choice?.Delta?.ToolCalls ?? [])
        {
            CallOf(fragment).Add(fragment);
        }

        var update = Update(chunk, choice?.Delta is { } delta ? [.. ChatAnswers.TextContents(delta)] : []);
        update.RawRepresentation = chunk;
        return update;
    }

    /// <summary>What was held back, or null.</summary>
    public ChatResponseUpdate? End()
    {
        List<AIContent> contents = [.. _calls.Select(static call => call.ToContent())];
        if (_refusal.Length > 0)
        {
            contents.Add(new ErrorContent(_refusal.ToString()) { ErrorCode = AIValues.RefusalCode });
        }

        if (_usage is not null)
        {
            contents.Add(new UsageContent(ChatAnswers.From(_usage)));
        }

        return contents.Count == 0 || _last is null ? null : Update(_last, contents);
    }

    private ChatResponseUpdate Update(ChatCompletionChunk chunk, List<AIContent> contents) => new(ChatRole.Assistant, contents)
    {
        ResponseId = chunk.Id,
        MessageId = chunk.Id,
        ModelId = chunk.Model,
        CreatedAt = chunk.Created,
        FinishReason = _finishReason,
    };

    /// <summary>The call that a fragment belongs to. Some providers send whole calls, all with index 0 or none: another id is another call.</summary>
    private Call CallOf(ChatToolCall fragment)
    {
        var call = _calls.FindLast(call => call.Index == fragment.Index);
        if (call is null || (!string.IsNullOrEmpty(fragment.Id) && call.Id is not null && call.Id != fragment.Id))
        {
            call = new Call(fragment.Index);
            _calls.Add(call);
        }

        return call;
    }

    private sealed class Call(int? index)
    {
        private readonly StringBuilder _arguments = new();
        private string? _name;

        public int? Index => index;

        public string? Id { get; private set; }

        public void Add(ChatToolCall fragment)
        {
            Id ??= string.IsNullOrEmpty(fragment.Id) ? null : fragment.Id;
            _name ??= string.IsNullOrEmpty(fragment.Function?.Name) ? null : fragment.Function.Name;
            _arguments.Append(fragment.Function?.Arguments);
        }

        public FunctionCallContent ToContent() => AIValues.FunctionCall(Id, _name, _arguments.ToString(), raw: null);
    }
}
