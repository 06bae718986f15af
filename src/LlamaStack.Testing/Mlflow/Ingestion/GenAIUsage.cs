using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>Reads <c>gen_ai.usage.*</c> into the shape of <c>mlflow.chat.tokenUsage</c>.</summary>
internal static class GenAIUsage
{
    /// <exception cref="BadSpanException">An old server was given something else than whole numbers.</exception>
    public static JsonObject? Read(StoredAttributes attributes, MlflowBehaviour behaviour)
    {
        var input = Count(attributes, behaviour, "gen_ai.usage.input_tokens");
        var output = Count(attributes, behaviour, "gen_ai.usage.output_tokens");
        if (input is null && output is null)
        {
            input = Count(attributes, behaviour, "gen_ai.usage.prompt_tokens");
            output = Count(attributes, behaviour, "gen_ai.usage.completion_tokens");
        }

        if (behaviour.PartialUsage ? input is null && output is null : input is null or 0 || output is null or 0)
        {
            return null;
        }

        var usage = new JsonObject();
        Add(usage, "input_tokens", input);
        Add(usage, "output_tokens", output);
        Add(usage, "total_tokens", input + output);
        if (behaviour.CacheTokens)
        {
            Add(usage, "cache_read_input_tokens", Count(attributes, behaviour, "gen_ai.usage.cache_read.input_tokens"));
            Add(
                usage,
                "cache_creation_input_tokens",
                Count(attributes, behaviour, "gen_ai.usage.cache_write.input_tokens") ?? Count(attributes, behaviour, "gen_ai.usage.cache_creation.input_tokens"));
        }

        return usage;
    }

    private static long? Count(StoredAttributes attributes, MlflowBehaviour behaviour, string key)
    {
        if (!attributes.Has(key))
        {
            return null;
        }

        var value = attributes.Value(key);
        if (MlflowJson.ToInteger(value) is { } whole)
        {
            return whole;
        }

        if (!behaviour.LenientUsage)
        {
            throw new BadSpanException();
        }

        return value?.GetValueKind() == JsonValueKind.String && long.TryParse(value.GetValue<string>(), CultureInfo.InvariantCulture, out var number) ? number : null;
    }

    private static void Add(JsonObject usage, string name, long? count)
    {
        if (count is not null)
        {
            usage[name] = count.Value;
        }
    }
}
