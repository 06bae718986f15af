using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;

namespace LlamaStack.SemanticKernel;

/// <summary>What a streamed function has returned so far.</summary>
internal sealed class StreamedItems(JsonSerializerOptions options)
{
    private readonly StringBuilder _text = new();
    private readonly List<JsonNode?> _values = [];

    /// <summary>Gets the pieces of text as one; null where something else was streamed.</summary>
    public string? Text => _values.Count == 0 ? _text.ToString() : null;

    public void Add(object? item)
    {
        switch (item)
        {
            case string text:
                _text.Append(text);
                break;
            case StreamingKernelContent content:
                _text.Append(content);
                break;
            case ChatResponseUpdate update:
                _text.Append(update.Text);
                break;
            default:
                _values.Add(FunctionValues.Of(item, options));
                break;
        }
    }

    public JsonNode? ToJson() => Text is { } text ? JsonValue.Create(text) : new JsonArray([.. _values]);
}
