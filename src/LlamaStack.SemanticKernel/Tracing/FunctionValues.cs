using System.Text.Json;
using System.Text.Json.Nodes;
using System.Xml;
using System.Xml.Linq;
using Microsoft.Extensions.AI;
using Microsoft.SemanticKernel;

namespace LlamaStack.SemanticKernel;

/// <summary>Arguments, prompts and results as the JSON that MLflow draws: a prompt and its answer as a chat, all else as values.</summary>
internal static class FunctionValues
{
    public static JsonObject Of(KernelArguments arguments, JsonSerializerOptions options) => new(arguments
        .Where(static argument => argument.Value is not (Kernel or IServiceProvider or CancellationToken))
        .Select(argument => KeyValuePair.Create(argument.Key, Of(argument.Value, options))));

    /// <summary>A value as JSON; where it cannot be written, its type.</summary>
    public static JsonNode? Of(object? value, JsonSerializerOptions options)
    {
        try
        {
            return value switch
            {
                null => null,
                string text => text,
                JsonNode node => node.DeepClone(),
                KernelContent content => content.ToString(),
                ChatResponse response => response.Text,
                _ => JsonSerializer.SerializeToNode(value, value.GetType(), options),
            };
        }
        catch (Exception)
        {
            // Whatever a value's own code throws: recording it must not fail the call.
            return value!.GetType().FullName;
        }
    }

    public static string TextOf(FunctionResult result)
    {
        try
        {
            return result.ToString();
        }
        catch (Exception)
        {
            return result.ValueType?.FullName ?? "";
        }
    }

    public static JsonObject OfPrompt(string prompt, JsonObject? arguments)
    {
        var inputs = new JsonObject { ["messages"] = Messages(prompt) };
        if (arguments is { Count: > 0 })
        {
            inputs["arguments"] = arguments.DeepClone();
        }

        return inputs;
    }

    public static JsonObject OfAnswer(string text) => new()
    {
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["message"] = Message("assistant", text) }),
    };

    /// <summary>The kernel reads a prompt with <c>&lt;message role="…"&gt;</c> elements as a conversation, any other as one message of the user.</summary>
    private static JsonArray Messages(string prompt)
    {
        if (prompt.Contains("<message", StringComparison.OrdinalIgnoreCase))
        {
            try
            {
                var messages = XElement.Parse($"<prompt>{prompt}</prompt>").Elements("message").Where(static message => message.Attribute("role") is not null).ToList();
                if (messages.Count > 0)
                {
                    return new JsonArray([.. messages.Select(static message => Message(message.Attribute("role")!.Value, message.Value.Trim()))]);
                }
            }
            catch (XmlException)
            {
                // So the kernel does not see a conversation either.
            }
        }

        return new JsonArray(Message("user", prompt));
    }

    private static JsonObject Message(string role, string content) => new() { ["role"] = role, ["content"] = content };
}
