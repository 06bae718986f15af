using System.Text;
using System.Text.Json.Nodes;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>A second, plain reading of an exchange, to check what a case expects: a case must not say what the wire did not.</summary>
internal static class WireReading
{
    private static readonly (string Attribute, string[] Names)[] _counts =
    [
        ("gen_ai.usage.input_tokens", ["prompt_tokens", "input_tokens"]),
        ("gen_ai.usage.output_tokens", ["completion_tokens", "output_tokens"]),
        ("gen_ai.usage.cache_read.input_tokens", ["prompt_tokens_details.cached_tokens", "input_tokens_details.cached_tokens"]),
        ("gen_ai.usage.cache_creation.input_tokens", ["prompt_tokens_details.cache_write_tokens", "input_tokens_details.cache_write_tokens"]),
        ("gen_ai.usage.reasoning.output_tokens", ["completion_tokens_details.reasoning_tokens", "output_tokens_details.reasoning_tokens"]),
    ];

    public static void Check(SpanCase test)
    {
        if (test.Span is not { } span)
        {
            return;
        }

        var attributes = span["attributes"]!.AsObject();
        CheckRequest(test, span, attributes);
        var answers = Answers(test);
        if (answers.Count == 0 && (int)test.Status < 400)
        {
            CheckCut(test, attributes);
        }
        else if ((int)test.Status >= 400)
        {
            Assert.DoesNotContain(attributes, attribute => attribute.Key.StartsWith("gen_ai.usage.", StringComparison.Ordinal) || attribute.Key.StartsWith("gen_ai.response.", StringComparison.Ordinal)
                && attribute.Key is not ("gen_ai.response.time_to_first_chunk" or "gen_ai.response.finish_reasons"));
        }
        else
        {
            Assert.Equal(First(answers, "id"), (string?)attributes["gen_ai.response.id"]);
            Assert.Equal(First(answers, "model"), (string?)attributes["gen_ai.response.model"]);
            CheckUsage(answers, attributes);
            CheckReasons(test, answers, attributes);
            Assert.Equal(Said(test, answers), Expected(span));
        }

        CheckError(test, span, answers);
    }

    private static void CheckRequest(SpanCase test, JsonObject span, JsonObject attributes)
    {
        var request = TryParse(test.Request) as JsonObject;
        var model = (string?)request?["model"];
        Assert.Equal(model, (string?)attributes["gen_ai.request.model"]);
        Assert.Equal(model is null ? (string?)attributes["gen_ai.operation.name"] : $"{attributes["gen_ai.operation.name"]} {model}", (string?)span["name"]);
        Assert.Equal((bool?)request?["stream"] == true ? true : null, (bool?)attributes["gen_ai.request.stream"]);
        Assert.Equal((request?["tools"] as JsonArray)?.Count ?? 0, span["messages"]?["tools"]?.AsArray().Count ?? 0);
        if (request?["messages"] is JsonArray messages)
        {
            Assert.Equal(messages.Select(message => (string?)message!["role"]), span["messages"]!["input"]!.AsArray().Select(message => (string?)message!["role"]));
        }
    }

    /// <summary>Of an answer that is no whole JSON nothing is known but what came of it.</summary>
    private static void CheckCut(SpanCase test, JsonObject attributes)
    {
        var body = Encoding.UTF8.GetString([.. Visible(test).SelectMany(piece => piece)]);
        Assert.Null(test.Span!["messages"]?["output"]);
        Assert.DoesNotContain(attributes, attribute => attribute.Key.StartsWith("gen_ai.usage.", StringComparison.Ordinal));
        foreach (var said in new[] { attributes["gen_ai.response.id"], attributes["gen_ai.response.model"], (attributes["gen_ai.response.finish_reasons"] as JsonArray)?[0] }.OfType<JsonNode>())
        {
            Assert.True(body.Contains($"\"{said}\"", StringComparison.Ordinal) || (string)said! is "stop" or "error", $"{said} did not come.");
        }
    }

    private static void CheckUsage(List<JsonObject> answers, JsonObject attributes)
    {
        var usage = answers.Select(answer => answer["usage"]).OfType<JsonObject>().LastOrDefault();
        foreach (var (attribute, names) in _counts)
        {
            Assert.Equal(names.Select(name => name.Split('.').Aggregate((JsonNode?)usage, (node, part) => (node as JsonObject)?[part])).OfType<JsonNode>().FirstOrDefault()?.GetValue<long>(), (long?)attributes[attribute]);
        }
    }

    private static void CheckReasons(SpanCase test, List<JsonObject> answers, JsonObject attributes)
    {
        var reasons = (from choice in Choices(answers)
                       where choice["finish_reason"] is not null
                       orderby (int?)choice["index"]
                       select (string)choice["finish_reason"]!).ToList();
        if ((string?)answers[^1]["status"] is { } status and not ("in_progress" or "queued"))
        {
            reasons = [status switch
            {
                "completed" => answers[^1]["output"]!.AsArray().Any(item => (string?)item!["type"] == "function_call") ? "tool_calls" : "stop",
                "incomplete" => "length",
                _ => "error",
            }];
        }

        if (reasons.Count == 0 && test.IsStream && (string?)test.Span!["status"] == "Error")
        {
            reasons = ["error"];
        }

        Assert.Equal(reasons, attributes["gen_ai.response.finish_reasons"]?.AsArray().Select(reason => (string)reason!) ?? []);
    }

    private static void CheckError(SpanCase test, JsonObject span, List<JsonObject> answers)
    {
        var isTold = (int)test.Status >= 400 || answers.Any(answer => answer["error"] is not null || (string?)answer["type"] == "error");
        if (isTold)
        {
            Assert.Equal("Error", (string?)span["status"]);
            Assert.Contains((string)span["description"]!, (IEnumerable<string?>)[.. answers.SelectMany(Words), new HttpResponseMessage(test.Status).ReasonPhrase, $"The response is {answers.LastOrDefault()?["status"]}."]);
        }

        var breaks = test.Ending is CaseCaller.Cut or CaseCaller.Cancelled or CaseCaller.TimedOut || CaseCaller.HasNoAnswer(test.Ending);
        if (breaks)
        {
            Assert.Equal("Error", (string?)span["status"]);
        }

        if (!isTold && test.Ending is CaseCaller.Disposed or CaseCaller.NeverRead or CaseCaller.Forgotten)
        {
            Assert.Null(span["status"]);
        }

        Assert.Equal(span["status"] is null, span["exception"] is null);
        Assert.Equal(span["status"] is null, span["attributes"]!["error.type"] is null);
    }

    /// <summary>All texts of a JSON value, and what else stands where a message would.</summary>
    private static IEnumerable<string> Words(JsonNode? node) => node switch
    {
        JsonObject members => members.SelectMany(member => Words(member.Value)),
        JsonArray elements => [elements.ToJsonString(), .. elements.SelectMany(Words)],
        null => [],
        _ => [node.ToString()],
    };

    /// <summary>All text, of all choices, that the answer brought.</summary>
    private static string Said(SpanCase test, List<JsonObject> answers)
    {
        var chat = Choices(answers).ToLookup(choice => (int?)choice["index"] ?? 0)
            .Select(choice => string.Concat(choice.Select(part => (string?)part["text"] ?? TextOf((part["delta"] ?? part["message"])?["content"]))));
        var items = answers[^1]["output"] is JsonArray output && (output.Count > 0 || !test.IsStream || (string?)answers[^1]["status"] is not "in_progress") ? output : [];
        var final = items.Where(item => (string?)item!["type"] == "message").Select(item => TextOf(item!["content"]));
        var deltas = (string?)answers[^1]["status"] is null or "in_progress" ? answers.Where(answer => (string?)answer["type"] == "response.output_text.delta").Select(answer => (string?)answer["delta"]) : [];
        return string.Concat([.. chat, .. final, .. deltas]);
    }

    private static string Expected(JsonObject span) => string.Concat(
        from message in span["messages"]?["output"]?.AsArray() ?? []
        from part in message!["parts"]!.AsArray()
        where (string?)part!["type"] == "text"
        select (string?)part["content"]);

    private static string TextOf(JsonNode? content) => content switch
    {
        JsonArray parts => string.Concat(parts.Where(part => (string?)part!["type"] is "text" or "output_text").Select(part => (string?)part!["text"])),
        null => "",
        _ => (string)content!,
    };

    private static IEnumerable<JsonObject> Choices(List<JsonObject> answers) => answers.Where(answer => answer["choices"] is JsonArray).SelectMany(answer => answer["choices"]!.AsArray()).OfType<JsonObject>();

    private static string? First(List<JsonObject> answers, string member) => answers.Select(answer => (string?)answer[member]).FirstOrDefault(value => value is not null);

    /// <summary>The JSON objects that came: one, or one an event. Of a Responses event that tells the response, that; of its events after the first terminal one, none.</summary>
    private static List<JsonObject> Answers(SpanCase test)
    {
        List<JsonObject> answers = [];
        var bytes = Encoding.UTF8.GetString([.. Visible(test).SelectMany(piece => piece)]);
        foreach (var text in test.IsStream ? bytes.Split("\n\n").Where(text => text.StartsWith("data: {", StringComparison.Ordinal)).Select(text => text[6..]) : [bytes])
        {
            if (TryParse(text) is JsonObject answer)
            {
                answers.Add(answer["response"] as JsonObject ?? answer);
                if ((string?)answer["type"] is "response.completed" or "response.incomplete" or "response.failed" or "error")
                {
                    break;
                }
            }
        }

        return answers;
    }

    private static IEnumerable<byte[]> Visible(SpanCase test) => CaseCaller.HasNoAnswer(test.Ending) ? [] : test.Pieces.Take(test.After);

    private static JsonNode? TryParse(string text)
    {
        try
        {
            return JsonNode.Parse(text);
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }
}
