using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>Attribute values as JSON text, the way the <c>content</c> column holds them.</summary>
internal sealed class StoredAttributes
{
    private readonly Dictionary<string, string> _texts = [];

    public IEnumerable<string> Keys => _texts.Keys;

    public string? this[string key]
    {
        get => _texts.GetValueOrDefault(key);
        set => _texts[key] = value ?? "null";
    }

    public bool Has(string key) => _texts.ContainsKey(key);

    /// <summary>The value, parsed.</summary>
    public JsonNode? Value(string key) => _texts.TryGetValue(key, out var text) ? MlflowJson.Parse(text) : null;

    /// <summary>The text of the first of these keys whose value is there and not empty.</summary>
    public string? Filled(params ReadOnlySpan<string> keys)
    {
        foreach (var key in keys)
        {
            if (_texts.TryGetValue(key, out var text) && !MlflowJson.IsEmpty(MlflowJson.Parse(text)))
            {
                return text;
            }
        }

        return null;
    }
}
