using System.Text.RegularExpressions;

namespace LlamaStack.Testing;

/// <summary>The canned model's tokens are words.</summary>
internal static partial class Words
{
    public static int Count(string? text) => text is null ? 0 : Word().Count(text);

    /// <summary>Each word with the blanks behind it, as a provider's chunks come.</summary>
    public static IEnumerable<string> Chunks(string text) => WordAndBlanks().Matches(text).Select(static match => match.Value);

    /// <summary>Each word with the blanks before it, as a Responses stream has them.</summary>
    public static IEnumerable<string> Deltas(string text) => BlanksAndWord().Matches(text).Select(static match => match.Value);

    public static string First(string text, int count) => string.Join(' ', Word().Matches(text).Take(count).Select(static match => match.Value));

    [GeneratedRegex(@"\S+")]
    private static partial Regex Word();

    [GeneratedRegex(@"\S+\s*")]
    private static partial Regex WordAndBlanks();

    [GeneratedRegex(@"\s*\S+")]
    private static partial Regex BlanksAndWord();
}
