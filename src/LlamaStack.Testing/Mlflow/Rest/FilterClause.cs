using System.Text.RegularExpressions;

namespace LlamaStack.Testing;

/// <summary>One comparison of a search filter. <see cref="Entity"/> is <c>attribute</c>, <c>tag</c>, <c>metadata</c> or <c>span</c>.</summary>
internal sealed partial record FilterClause(string Entity, string Key, string Comparator, IReadOnlyList<string> Values)
{
    private static readonly string[] _numbers = ["timestamp", "timestamp_ms", "execution_time", "execution_time_ms", "end_time", "end_time_ms"];

    private static readonly Dictionary<string, string> _entities = new()
    {
        ["attribute"] = "attribute",
        ["attributes"] = "attribute",
        ["trace"] = "attribute",
        ["tag"] = "tag",
        ["tags"] = "tag",
        ["metadata"] = "metadata",
        ["request_metadata"] = "metadata",
        ["span"] = "span",
        ["feedback"] = "feedback",
        ["expectation"] = "expectation",
        ["issue"] = "issue",
    };

    /// <summary>Parses comparisons joined by AND.</summary>
    /// <param name="filter">Empty for none.</param>
    /// <param name="attributes">The keys that need no entity.</param>
    public static List<FilterClause> Parse(string filter, IReadOnlyCollection<string> attributes)
    {
        var clauses = new List<FilterClause>();
        if (filter.Length > 0 && string.IsNullOrWhiteSpace(filter))
        {
            throw MlflowError.Invalid($"Invalid filter '{filter}'. Could not be parsed.");
        }

        for (var rest = filter.Trim(); rest.Length > 0;)
        {
            var match = Comparison().Match(rest);
            if (!match.Success)
            {
                throw MlflowError.Invalid($"Invalid clause(s) in filter string: '{Word().Match(rest).Value}'");
            }

            clauses.Add(Read(match, attributes));
            rest = rest[match.Length..];
            var and = And().Match(rest);
            if (rest.Length > 0 && !and.Success)
            {
                throw MlflowError.Invalid($"Invalid clause(s) in filter string: '{Word().Match(rest).Value}'");
            }

            rest = rest[and.Length..];
        }

        return clauses;
    }

    /// <summary>As SQL compares: nothing holds for a value that is not there, but that it is null.</summary>
    public bool Matches(string? value) => Comparator switch
    {
        "IS NULL" => value is null,
        "IS NOT NULL" => value is not null,
        _ when value is null => false,
        "=" => value == Values[0],
        "!=" => value != Values[0],
        "LIKE" => Like(value, RegexOptions.None),
        "ILIKE" => Like(value, RegexOptions.IgnoreCase),
        "RLIKE" => Regex.IsMatch(value, Values[0]),
        "IN" => Values.Contains(value),
        "NOT IN" => !Values.Contains(value),
        _ => throw MlflowError.Invalid($"Invalid comparator '{Comparator}' not one of '{{'=', '!=', 'LIKE', 'ILIKE', 'RLIKE', 'IS NULL', 'IS NOT NULL'}}"),
    };

    public bool Matches(long? number) => number is { } value && long.TryParse(Values[0], out var other) && Comparator switch
    {
        "=" => value == other,
        "!=" => value != other,
        ">" => value > other,
        ">=" => value >= other,
        "<" => value < other,
        "<=" => value <= other,
        _ => throw MlflowError.Invalid($"Invalid comparator '{Comparator}' not one of '{{'=', '!=', '>', '>=', '<', '<='}}"),
    };

    public static string InvalidKey(string key, IReadOnlyCollection<string> valid) =>
        $"Invalid attribute key '{key}' specified. Valid keys are '{{{string.Join(", ", valid.Select(static name => $"'{name}'"))}}}'";

    private static FilterClause Read(Match match, IReadOnlyCollection<string> attributes)
    {
        var parts = match.Groups["key"].Value.Split('.', 2);
        var entity = "attribute";
        if (parts.Length == 2 && !_entities.TryGetValue(parts[0], out entity))
        {
            throw MlflowError.Invalid($"Invalid entity type '{parts[0]}'. Valid values are {{{string.Join(", ", _entities.Keys.Select(static name => $"'{name}'"))}}}");
        }

        var key = parts[^1].Trim('`', '"');
        if (entity == "attribute" && !attributes.Contains(key))
        {
            throw MlflowError.Invalid(InvalidKey(key, attributes));
        }

        var comparator = Blanks().Replace(match.Groups["comparator"].Value.ToUpperInvariant(), " ");
        if (entity is "tag" or "metadata" && comparator.EndsWith("IN", StringComparison.Ordinal))
        {
            throw MlflowError.Invalid($"Invalid comparator '{comparator}' not one of '{{'=', '!=', 'LIKE', 'ILIKE', 'RLIKE', 'IS NULL', 'IS NOT NULL'}}");
        }

        var value = match.Groups["value"].Value;
        if (value.Length > 0 && char.IsAsciiDigit(value[^1]) && !(entity == "attribute" && _numbers.Contains(key)))
        {
            throw MlflowError.Invalid($"Only the '{{{string.Join(", ", _numbers.Select(static name => $"'{name}'"))}}}' attributes support comparison with numeric values.");
        }

        return new FilterClause(entity!, key, comparator, ReadValues(value));
    }

    private static List<string> ReadValues(string text)
    {
        if (text.StartsWith('('))
        {
            return [.. Quoted().Matches(text).Select(static value => value.Value[1..^1])];
        }

        if (text.Length == 0 || char.IsAsciiDigit(text[^1]))
        {
            return [text];
        }

        return text[0] is '\'' or '"'
            ? [text[1..^1]]
            : throw MlflowError.Invalid($"Parameter value is either not quoted or unidentified quote types used for string value {text}. Use either single or double quotes.");
    }

    private bool Like(string value, RegexOptions options)
    {
        var pattern = Regex.Escape(Values[0]).Replace("%", ".*", StringComparison.Ordinal).Replace('_', '.');
        return Regex.IsMatch(value, $"^{pattern}$", options | RegexOptions.Singleline);
    }

    [GeneratedRegex("""
        ^(?<key>(?:`[^`]*`|"[^"]*"|[\w.])+)\s*
        (?<comparator>!=|>=|<=|=|>|<|\bNOT\s+IN\b|\bIN\b|\bI?LIKE\b|\bRLIKE\b|\bIS\s+(?:NOT\s+)?NULL\b)\s*
        (?<value>'[^']*'|"[^"]*"|\([^)]*\)|-?\d+(?:\.\d+)?|(?!AND\b)\w+)?
        """, RegexOptions.IgnoreCase | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Comparison();

    [GeneratedRegex(@"^\s+AND\s+", RegexOptions.IgnoreCase)]
    private static partial Regex And();

    [GeneratedRegex(@"\S+")]
    private static partial Regex Word();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex("""'[^']*'|"[^"]*" """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Quoted();
}
