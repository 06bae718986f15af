using System.Diagnostics;
using System.Text;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>What a trace is called, and what was asked and answered in it, as MLflow's list of traces shows it.</summary>
internal sealed class TraceSummary
{
    /// <summary>Longer sessions cost the whole request, longer users are cut by the server.</summary>
    public const int MaxIdLength = 250;

    private readonly SpanContent? _own;
    private readonly SpanContent? _first;
    private readonly SpanContent? _last;

    public TraceSummary(CompletedTrace trace, ExportedSpan rootSpan)
    {
        var root = rootSpan.Activity;
        var details = trace.Details;
        var own = rootSpan.Content;
        var (first, last) = ModelCalls(trace.Spans);
        _own = own;
        _first = first?.Content;
        _last = last?.Content;
        Name = Cut(details?.Name ?? NameOf(rootSpan, trace.Spans), 4096)!;
        var (session, user, conversation) = Told(trace);
        Session = Cut(details?.Session ?? session ?? (IsOfOneTurn(conversation) ? null : conversation), MaxIdLength);
        User = Cut(details?.User ?? user, MaxIdLength);
        Failure = root.Kind is ActivityKind.Server && !SaysHowItWent(root) && last?.Span is { Status: ActivityStatusCode.Error } failed ? failed : null;
        PromotesInputs = own?.Inputs is null;
        PromotesOutputs = own?.Outputs is null;
        RequestPreview = Cut(details?.RequestPreview ?? OwnRequestPreview(own), 1000);
        ResponsePreview = Cut(details?.ResponsePreview ?? OwnResponsePreview(own), 1000);
    }

    public string Name { get; }

    public string? Session { get; }

    public string? User { get; }

    /// <summary>Gets the model call that made a request fail: the last one, where the request's own span says nothing of how it went.</summary>
    public Activity? Failure { get; }

    /// <summary>Gets a value indicating whether the root, which has no inputs of its own, shows the question.</summary>
    public bool PromotesInputs { get; }

    /// <summary>Gets a value indicating whether the root, which has no outputs of its own, shows the answer.</summary>
    public bool PromotesOutputs { get; }

    /// <summary>Gets the preview to send, where MLflow would not make a readable one of the root's inputs; else null.</summary>
    public string? RequestPreview { get; }

    /// <summary>Gets the preview to send, where MLflow would not make a readable one of the root's outputs; else null.</summary>
    public string? ResponsePreview { get; }

    /// <summary>Gets the preview also where MLflow makes it itself: an old server forgets its own when it is told of a trace without one.</summary>
    public string? WholeRequestPreview => RequestPreview ?? Cut(_own is { Inputs: { } inputs } ? Words(_own, inputs, isQuestion: true) : _first is { Inputs: { } asked } ? Words(_first, asked, isQuestion: true) : null, 1000);

    /// <summary>Gets the preview also where MLflow makes it itself: an old server forgets its own when it is told of a trace without one.</summary>
    public string? WholeResponsePreview => ResponsePreview ?? Cut(_own is { Outputs: { } outputs } ? Words(_own, outputs, isQuestion: false) : _last is { Outputs: { } answered } ? Words(_last, answered, isQuestion: false) : null, 1000);

    /// <summary>Writes what the first model call was asked, as the inside of a JSON string.</summary>
    public bool TryWriteQuestion(PooledBytes output) =>
        _first is { Api: { } api, Inputs: { } inputs } && ChatText.TryWriteQuestion(api, inputs.Span, output);

    /// <summary>Writes what the last model call answered, as the inside of a JSON string.</summary>
    public bool TryWriteAnswer(PooledBytes output, out bool isPlainText)
    {
        isPlainText = false;
        return _last is { Api: { } api, Outputs: { } outputs } && ChatText.TryWriteAnswer(api, outputs.Span, output, out isPlainText);
    }

    /// <summary>An error that only the status of the answer tells has no words: those of the model call are better.</summary>
    private static bool SaysHowItWent(Activity root) => root.Status is ActivityStatusCode.Ok || (root.Status is ActivityStatusCode.Error && !string.IsNullOrEmpty(root.StatusDescription));

    /// <summary>Microsoft.Extensions.AI tells the answer that a turn goes on from as the conversation: that is another one each turn.</summary>
    public static bool IsOfOneTurn(object? conversation) => conversation is string id && id.StartsWith("resp_", StringComparison.Ordinal);

    /// <summary>Cuts a text to what MLflow takes, never through the middle of a character.</summary>
    public static string? Cut(string? text, int length) =>
        text is null || text.Length <= length ? text : text[..(char.IsHighSurrogate(text[length - 1]) ? length - 1 : length)];

    /// <summary>A request that nobody named goes by its first model call.</summary>
    private static string NameOf(ExportedSpan root, List<ExportedSpan> spans)
    {
        var name = SpanTypes.NameOf(root);
        if (root.Activity.Kind is not ActivityKind.Server || (name != SpanTypes.UnnamedRequest && name.Contains(' ', StringComparison.Ordinal)))
        {
            return name;
        }

        foreach (var span in spans.OrderBy(static span => span.Activity.StartTimeUtc))
        {
            if (span.Activity != root.Activity && span.Activity.Source.Name != "System.Net.Http")
            {
                return SpanTypes.NameOf(span);
            }
        }

        return name;
    }

    /// <summary>What the root says of whom it is for, else the first span that does.</summary>
    private static (string? Session, string? User, string? Conversation) Told(CompletedTrace trace)
    {
        string? session = null, user = null, conversation = null;
        Look(trace.Root!);
        foreach (var span in trace.Spans)
        {
            if (span.Activity != trace.Root)
            {
                Look(span.Activity);
            }
        }

        return (session, user, conversation);

        void Look(Activity span)
        {
            foreach (ref readonly var tag in span.EnumerateTagObjects())
            {
                switch (tag.Key)
                {
                    case SemanticAttributes.SessionId when tag.Value is string { Length: > 0 } value:
                        session ??= value;
                        break;
                    case SemanticAttributes.UserId when tag.Value is string { Length: > 0 } value:
                        user ??= value;
                        break;
                    case GenAIAttributes.ConversationId when tag.Value is string { Length: > 0 } value:
                        conversation ??= value;
                        break;
                }
            }
        }
    }

    /// <summary>The first exchange and the last: of those in which a model writes, if there are any, else of others.</summary>
    private static ((Activity Span, SpanContent Content)? First, (Activity Span, SpanContent Content)? Last) ModelCalls(List<ExportedSpan> spans)
    {
        (Activity Span, SpanContent Content)? first = null, last = null;
        foreach (var span in spans)
        {
            if (span.Content is not { Api: { } api } content)
            {
                continue;
            }

            var activity = span.Activity;

            // A response that is fetched later has an answer, too, but no question.
            if (IsBetter(api, first, GenAIApiKinds.IsInference, ifEqual: first is null || activity.StartTimeUtc < first.Value.Span.StartTimeUtc))
            {
                first = (activity, content);
            }

            if (IsBetter(api, last, static other => other.IsInference() || other.HasItems(), ifEqual: last is null || activity.StartTimeUtc >= last.Value.Span.StartTimeUtc))
            {
                last = (activity, content);
            }
        }

        return (first, last);

        static bool IsBetter(GenAIApi api, (Activity Span, SpanContent Content)? other, Func<GenAIApi, bool> writes, bool ifEqual) =>
            other is not { } known || (writes(api) == writes(known.Content.Api!.Value) ? ifEqual : writes(api));
    }

    private string? OwnRequestPreview(SpanContent? root)
    {
        // MLflow finds the last message of the user in a list of messages, and nothing in any other request.
        if (root is { Api: not null and not GenAIApi.ChatCompletions })
        {
            var text = new PooledBytes();
            return Taken(TryWriteQuestion(text), text);
        }

        return root is { Api: null, Inputs: { } inputs } ? JsonText.String(inputs.Span) : null;
    }

    private string? OwnResponsePreview(SpanContent? root)
    {
        if (root is { Api: { } api })
        {
            if (root.Outputs is { } answer && ChatText.IsPlainText(api, answer.Span))
            {
                return null;
            }

            var text = new PooledBytes();
            return Taken(TryWriteAnswer(text, out var isPlainText) && !isPlainText, text);
        }

        return root is { Outputs: { } outputs } ? JsonText.String(outputs.Span) : null;
    }

    /// <summary>The question or the answer in OpenAI's shape, else the JSON itself.</summary>
    private static string? Words(SpanContent content, PooledBytes json, bool isQuestion)
    {
        var text = new PooledBytes();
        var api = content.Api ?? GenAIApi.ChatCompletions;
        var isFound = isQuestion ? ChatText.TryWriteQuestion(api, json.Span, text) : ChatText.TryWriteAnswer(api, json.Span, text, out _);
        return Taken(isFound, text) ?? Encoding.UTF8.GetString(json.Span);
    }

    private static string? Taken(bool isWanted, PooledBytes escaped)
    {
        var text = isWanted ? JsonText.Unescaped(escaped.Span) : null;
        escaped.Return();
        return text;
    }
}
