using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>The model behind the server: the same prompt always gets the same answer.</summary>
internal static class CannedModel
{
    private const int LongAnswer = 60;
    private static readonly string[] _toolWords = ["weather", "tool", "search"];

    public static CannedAnswer Answer(CannedPrompt prompt)
    {
        var calls = Calls(prompt);
        if (calls.Count > 0)
        {
            return new CannedAnswer(null, null, calls, "tool_calls", prompt.Tokens);
        }

        if (Mentions(prompt, "refuse"))
        {
            return new CannedAnswer(null, "I cannot help with that.", [], "stop", prompt.Tokens);
        }

        var text = Text(prompt);
        return prompt.MaxTokens is { } limit && Words.Count(text) > limit
            ? new CannedAnswer(Words.First(text, limit), null, [], "length", prompt.Tokens)
            : new CannedAnswer(text, null, [], "stop", prompt.Tokens);
    }

    /// <summary>Sixteen hexadecimal digits that depend on nothing but the parts.</summary>
    public static string Id(params ReadOnlySpan<string?> parts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('|', parts))))[..16];

    private static string Text(CannedPrompt prompt)
    {
        var last = prompt.Messages.Count > 0 ? prompt.Messages[^1] : null;
        if (prompt.Format == "json_schema")
        {
            return PythonJson.Spaced(SchemaSample.Of(prompt.Schema, prompt.Question));
        }

        if (prompt.Format == "json_object")
        {
            return PythonJson.Spaced(new JsonObject { ["answer"] = "canned", ["question"] = Quoted(prompt) });
        }

        if (last?.Role == "tool")
        {
            return $"I asked {last.Name ?? "the tool"}, and it says: {Cut(last.Text).TrimEnd('.')}. I hope that helps!";
        }

        if (Mentions(prompt, "long"))
        {
            return string.Join(' ', Enumerable.Range(1, LongAnswer).Select(static number => $"word{number}"));
        }

        var greeting = prompt.Turn < 2 ? "Hello!" : $"Hello again, this is turn {prompt.Turn}.";
        return $"{greeting} You asked: \"{Quoted(prompt)}\" I am the canned model of the test server, so this friendly answer is all I know.";
    }

    private static List<CannedCall> Calls(CannedPrompt prompt)
    {
        if (prompt.Tools.Count == 0 || prompt.ToolChoice is JsonValue choice && choice.ToString() == "none" || prompt.Messages[^1].Role == "tool")
        {
            return [];
        }

        var wanted = prompt.ToolChoice is JsonObject forced ? (string?)((forced["function"] ?? forced)["name"]) : null;
        var named = prompt.Tools.FirstOrDefault(tool => tool.Name == wanted) ?? prompt.Tools.FirstOrDefault(tool => Mentions(prompt, tool.Name));
        if (named is null && prompt.ToolChoice?.ToString() != "required" && !_toolWords.Any(word => Mentions(prompt, word)))
        {
            return [];
        }

        var first = named ?? prompt.Tools[0];
        var calls = new List<CannedCall> { Call(first, SchemaSample.Of(first.Parameters, prompt.Question), 0) };
        if (Mentions(prompt, "both") || Mentions(prompt, "parallel"))
        {
            var second = prompt.Tools.FirstOrDefault(tool => tool != first) ?? first;
            calls.Add(Call(second, SchemaSample.Of(second.Parameters, prompt.Question, another: second == first), 1));
        }

        return calls;
    }

    private static CannedCall Call(CannedTool tool, JsonNode? arguments, int number)
    {
        var text = PythonJson.Spaced(arguments as JsonObject ?? []);
        return new CannedCall($"call_{Id(tool.Name, text, number.ToString(System.Globalization.CultureInfo.InvariantCulture))}", tool.Name, text);
    }

    private static bool Mentions(CannedPrompt prompt, string word) => prompt.Question.Contains(word, StringComparison.OrdinalIgnoreCase);

    private static string Quoted(CannedPrompt prompt) => Cut(prompt.Question);

    private static string Cut(string text) => text.Length <= 200 ? text : text[..200] + "…";
}
