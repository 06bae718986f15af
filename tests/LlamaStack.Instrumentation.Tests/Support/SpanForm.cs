using System.Diagnostics;
using System.Text.Json.Nodes;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>A span as the files of <c>Cases</c> write it down: all there is of it but ids and times.</summary>
internal static class SpanForm
{
    private static readonly (string Name, string Attribute)[] _messages =
        [("input", "gen_ai.input.messages"), ("instructions", "gen_ai.system_instructions"), ("tools", "gen_ai.tool.definitions"), ("output", "gen_ai.output.messages")];

    public static JsonObject Of(Activity span, bool withOutputs)
    {
        var form = new JsonObject { ["name"] = span.DisplayName };
        if (span.Status is not ActivityStatusCode.Unset)
        {
            form["status"] = span.Status.ToString();
            form["description"] = span.StatusDescription;
        }

        if (SpanContent.Of(span)!.Type is var type and not SpanType.ChatModel)
        {
            form["type"] = type.ToString();
        }

        form["attributes"] = new JsonObject(span.TagObjects.Where(tag => !_messages.Any(message => message.Attribute == tag.Key)).Select(tag => KeyValuePair.Create(tag.Key, Value(tag.Key, tag.Value))));
        var messages = new JsonObject();
        foreach (var (name, attribute) in _messages)
        {
            if (span.GetTagItem(attribute) is string json)
            {
                messages[name] = JsonNode.Parse(json);
            }
        }

        if (messages.Count > 0)
        {
            form["messages"] = messages;
        }

        foreach (var happened in span.Events)
        {
            form[happened.Name] = new JsonObject(happened.Tags.Where(tag => tag.Key != "exception.stacktrace").Select(tag => KeyValuePair.Create(tag.Key.Split('.')[^1], Value(tag.Key, tag.Value))));
        }

        if (withOutputs)
        {
            form["outputs"] = JsonNode.Parse(Calls.Outputs(span)!);
        }

        return form;
    }

    private static JsonNode? Value(string key, object? value) => value switch
    {
        // The one measured value: that it is there, and sensible.
        double seconds when key == "gen_ai.response.time_to_first_chunk" => seconds > 0 ? ">0" : seconds,
        string text => text,
        bool flag => flag,
        double number => number,
        int number => number,
        long number => number,
        string[] texts => new JsonArray([.. texts.Select(text => (JsonNode)text)]),
        _ => $"{value} of the type {value?.GetType()}",
    };
}
