namespace LlamaStack.Testing;

/// <summary>The spans of one trace in one request, with all that the request says about the trace. Making it is what can fail; storing it is not.</summary>
internal sealed class SpanBatch
{
    private readonly MlflowBehaviour _behaviour;

    public SpanBatch(string traceId, IReadOnlyList<OtlpTestSpan> sent, MlflowBehaviour behaviour)
    {
        _behaviour = behaviour;
        TraceId = traceId;
        var translator = new SpanTranslator(behaviour);
        Spans = [.. sent.Select(span => translator.Translate(span, traceId))];
        Roots = [.. Spans.Where(static span => span.ParentSpanId is null)];
        CheckCosts();
        TokenUsage = Sum(Spans, MlflowKeys.ChatUsage, MlflowKeys.UsageNames.Take(3), MlflowKeys.UsageNames.Skip(3));
        Cost = behaviour.ModelAndCost ? Sum(Spans, MlflowKeys.SpanCost, MlflowKeys.CostNames, []) : null;
        SessionId = ReadSession();
        User = behaviour.OtlpUser ? First(MlflowKeys.UserAttribute) : null;
        Tags = ReadTags();
    }

    public string TraceId { get; }

    public IReadOnlyList<SpanRow> Spans { get; }

    /// <summary>The first tells the state, the last the previews.</summary>
    public IReadOnlyList<SpanRow> Roots { get; }

    public IReadOnlyDictionary<string, double>? TokenUsage { get; }

    public IReadOnlyDictionary<string, double>? Cost { get; }

    public string? SessionId { get; }

    public string? User { get; }

    /// <summary>From the resource and, over those, from the root.</summary>
    public IReadOnlyDictionary<string, string> Tags { get; }

    public string? Name { get; private set; }

    public long Start => Spans.Min(static span => span.StartMilliseconds);

    public long End => Spans.Max(static span => span.EndMilliseconds);

    public IReadOnlyDictionary<string, double>? Sum(IReadOnlyList<SpanRow> spans, string key, IEnumerable<string> names, IEnumerable<string> optional) =>
        _behaviour.CountsOnce ? SpanSums.OfTree(spans, key, names, optional) : SpanSums.Flat(spans, key, names, optional);

    private void CheckCosts()
    {
        if (_behaviour.BadCostStatus is not null && Spans.Any(static span => span.Attributes.Has(MlflowKeys.SpanCost) && SpanSums.Data(span, MlflowKeys.SpanCost) is null))
        {
            throw new BadSpanException();
        }
    }

    /// <summary>Of the first span that has either attribute; on one span, the session's own wins.</summary>
    private string? ReadSession()
    {
        var session = !_behaviour.OtlpSession ? null
            : _behaviour.ConversationIsSession ? First(MlflowKeys.SessionAttribute, MlflowKeys.ConversationAttribute)
            : First(MlflowKeys.SessionAttribute);
        return session?.Length > MlflowKeys.SessionLimit && _behaviour.SessionLimit
            ? throw MlflowError.Invalid($"'Session ID' exceeds the maximum length of {MlflowKeys.SessionLimit} characters")
            : session;
    }

    private string? First(params string[] keys)
    {
        var text = Spans.Select(span => keys.Select(key => span.Attributes[key]).FirstOrDefault(static found => found is not null)).FirstOrDefault(static found => found is not null);
        return text is null || _behaviour.QuotesSession ? text : MlflowJson.Unquoted(text);
    }

    private Dictionary<string, string> ReadTags()
    {
        var tags = new Dictionary<string, string>();
        if (_behaviour.ResourceTags && Spans.Select(static span => span.Sent.Resource).FirstOrDefault(static resource => resource.Count > 0) is { } resource)
        {
            foreach (var (key, value) in resource.Where(static attribute => !attribute.Key.StartsWith("telemetry.sdk.", StringComparison.Ordinal) && !attribute.Key.StartsWith("mlflow.", StringComparison.Ordinal)))
            {
                Add(tags, key, MlflowJson.Unquoted(PythonJson.Spaced(value)));
            }
        }

        foreach (var root in _behaviour.TraceTagAttributes ? Roots : [])
        {
            foreach (var attribute in root.Attributes.Keys.Where(static key => key.StartsWith(MlflowKeys.TraceTagPrefix, StringComparison.Ordinal)))
            {
                Add(tags, attribute[MlflowKeys.TraceTagPrefix.Length..], MlflowJson.Unquoted(root.Attributes[attribute]!));
            }
        }

        return tags;
    }

    /// <summary>The name has a place of its own; tags of the server's and such with too long a key are passed over.</summary>
    private void Add(Dictionary<string, string> tags, string key, string value)
    {
        if (key == MlflowKeys.TraceName)
        {
            Name = value.Length <= MlflowKeys.NameLimit
                ? value
                : throw MlflowError.Invalid($"'Trace name' exceeds the maximum length of {MlflowKeys.NameLimit} characters");
        }
        else if (!MlflowKeys.IsServerOwned(key) && key.Length <= MlflowKeys.TagKeyLimit)
        {
            tags[key] = value;
        }
    }
}
