using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace LlamaStack.Mlflow;

/// <summary>The double braces of prompts, by the rules of MLflow's Python library.</summary>
internal static partial class PromptTemplate
{
    public static IReadOnlyList<string> VariablesOf(string template) => [.. Variable().Matches(template).Select(match => match.Groups[1].Value).Distinct()];

    public static string Format(MlflowPromptVersion prompt, string template, IReadOnlyDictionary<string, object?> variables)
    {
        Check(prompt, variables);
        return Variable().Replace(template, match => Convert.ToString(variables[match.Groups[1].Value], CultureInfo.InvariantCulture) ?? "");
    }

    /// <summary>Each text of a message's content, however deep.</summary>
    public static JsonNode? Format(MlflowPromptVersion prompt, JsonNode? content, IReadOnlyDictionary<string, object?> variables) => content switch
    {
        JsonObject members => new JsonObject(members.Select(member => KeyValuePair.Create(member.Key, Format(prompt, member.Value, variables)))),
        JsonArray items => new JsonArray([.. items.Select(item => Format(prompt, item, variables))]),
        JsonValue value when value.TryGetValue<string>(out var text) => Format(prompt, text, variables),
        _ => content?.DeepClone(),
    };

    private static void Check(MlflowPromptVersion prompt, IReadOnlyDictionary<string, object?> variables)
    {
        ArgumentNullException.ThrowIfNull(variables);
        if (prompt.Template.Contains("{%", StringComparison.Ordinal) && prompt.Template.Contains("%}", StringComparison.Ordinal))
        {
            throw new NotSupportedException($"The prompt {prompt.Uri} holds statements of Jinja2 ({{% … %}}), which only MLflow's Python library runs. Write it with variables alone.");
        }

        var missing = prompt.Variables.Where(name => !variables.ContainsKey(name)).ToList();
        if (missing.Count > 0)
        {
            throw new ArgumentException($"The prompt {prompt.Uri} needs values for {string.Join(", ", missing)}.", nameof(variables));
        }
    }

    [GeneratedRegex(@"\{\{\s*([a-zA-Z_][a-zA-Z0-9_]*(?:\.[a-zA-Z_][a-zA-Z0-9_]*)*)\s*\}\}")]
    private static partial Regex Variable();
}
