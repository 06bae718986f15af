using System.Text.RegularExpressions;

namespace LlamaStack.Testing;

/// <summary>One condition of a metrics query, such as <c>trace.status = 'OK'</c>. It knows equality alone.</summary>
internal sealed partial record MetricsFilter(Func<MetricsRow, string?> Read, string Value)
{
    public static MetricsFilter Parse(string text, MetricsView view)
    {
        var match = Clause().Match(text);
        if (!match.Success)
        {
            throw MlflowError.Invalid($"Invalid clause(s) in filter string: {text}");
        }

        var (of, entity, key) = (match.Groups["view"].Value, match.Groups["entity"].Value, match.Groups["key"].Value.Trim('`'));
        if (of != "trace" && !view.Word.StartsWith(of, StringComparison.OrdinalIgnoreCase))
        {
            throw MlflowError.Invalid($"Filtering by {of} is only supported for {of.ToUpperInvariant()}S view type, got {view.Word}");
        }

        return new MetricsFilter(Reader(of, entity, key), match.Groups["value"].Value);
    }

    public bool Matches(MetricsRow row) => Read(row) == Value;

    private static Func<MetricsRow, string?> Reader(string of, string entity, string key) => (of, entity) switch
    {
        ("trace", "status") => static row => row.Trace.State,
        ("trace", "tag") => row => TraceInfoJson.Tags(row.Trace).GetValueOrDefault(key),
        ("trace", "metadata") => row => TraceInfoJson.Metadata(row.Trace).GetValueOrDefault(key),
        ("span", "name") => static row => row.Span!.Sent.Name,
        ("span", "status") => static row => row.Span!.Sent.Status.ToString().ToUpperInvariant(),
        ("span", "type") => static row => row.Span!.Type,
        ("assessment", "name") => static row => row.Assessment!.Name,
        ("assessment", "type") => static row => row.Assessment!.IsFeedback ? "feedback" : "expectation",
        _ => throw MlflowError.Invalid(
            $"Invalid entity '{entity}' specified for view type '{of}'. Valid entities are {(of == "trace" ? "['status', 'tag', 'metadata']" : of == "span" ? "['name', 'status', 'type']" : "['name', 'type']")}"),
    };

    [GeneratedRegex("""^\s*(?<view>trace|span|assessment)\.(?<entity>\w+)(\.(?<key>`[^`]+`|[\w.]+))?\s*=\s*(?<quote>['"])(?<value>.*)\k<quote>\s*$""", RegexOptions.ExplicitCapture)]
    private static partial Regex Clause();
}
