using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;

namespace LlamaStack.Instrumentation.Tests;

public sealed class JsonScanTests
{
    private static readonly GenAIOperation _chat = GenAIOperation.Match(Calls.Post(Calls.ChatPath, "{}"))!;
    private static readonly Gen<string> _text = Gen.OneOf(Gen.String, Gen.OneOf(new[] { "", "\"", "\\", "}{][,:", "ü€😀", "\n\t", "null" }.Select(Gen.Const).ToArray()));

    private static readonly Gen<JsonNode?> _json = Gen.Recursive<JsonNode?>((depth, inner) => depth > 4
        ? Gen.Int.Select(number => (JsonNode?)number)
        : Gen.OneOf(
            Gen.Int.Select(number => (JsonNode?)number),
            Gen.Bool.Select(flag => (JsonNode?)flag),
            _text.Select(text => (JsonNode?)text),
            Gen.Const((JsonNode?)null),
            inner.Array[0, 4].Select(items => (JsonNode?)new JsonArray([.. items.Select(item => item?.DeepClone())])),
            Gen.Select(Gen.String[Gen.Char.AlphaNumeric, 1, 8], inner).Array[0, 4].Select(members => (JsonNode?)Object(members))));

    [Fact]
    public void Members_and_elements_are_those_that_a_parser_finds() =>
        Gen.Select(_json, Gen.Bool).Sample((json, indented) =>
        {
            var text = Encoding.UTF8.GetBytes(json?.ToJsonString(new JsonSerializerOptions { WriteIndented = indented }) ?? "null");
            Assert.Equal(text.Length, JsonScan.SkipValue(text, 0));
            Assert.Equal(json?.ToJsonString() ?? "null", Rebuilt(text)?.ToJsonString() ?? "null");
        }, iter: 2000);

    [Fact]
    public void Text_that_is_not_json_ends_a_scan_and_throws_nothing() =>
        Gen.Select(_json, Gen.Int[0, 200], Gen.Byte.Array[0, 8]).Sample((json, cut, noise) =>
        {
            var text = Encoding.UTF8.GetBytes(json?.ToJsonString() ?? "null");
            byte[] broken = [.. text.AsSpan(0, Math.Min(cut, text.Length)), .. noise];
            Walk(broken, 0);
            _ = RequestFacts.Read(_chat, GenAIConvention.Both, "llama_stack", new Uri(Calls.ChatPath), broken);
            new ResponseFacts().Read(GenAIApi.Responses, broken);
            var stream = new ChatStream(GenAIApi.ChatCompletions, keepContent: true);
            stream.OnEvent(broken);
            _ = stream.Output();
            var responses = new ResponsesStream(GenAIApi.Responses, keepContent: true);
            responses.OnEvent(broken);
            _ = responses.Output();
        }, iter: 5000);

    [Fact]
    public void Deltas_joined_are_the_text_that_was_streamed() =>
        _text.Array[1, 30].Sample(deltas =>
        {
            var stream = new ChatStream(GenAIApi.ChatCompletions, keepContent: true);
            foreach (var delta in deltas)
            {
                stream.OnEvent(Encoding.UTF8.GetBytes($$$"""{"id":"c","choices":[{"delta":{"content":{{{JsonSerializer.Serialize(delta)}}}},"index":0}],"created":1}"""));
            }

            var output = JsonNode.Parse(stream.Output()!.Span)!;
            // An unpaired surrogate becomes the replacement character once it is JSON.
            Assert.Equal(string.Concat(deltas.Select(delta => (string)JsonNode.Parse(JsonSerializer.Serialize(delta))!)), (string)output["choices"]![0]!["message"]!["content"]!);
        }, iter: 500);

    [Fact]
    public void An_event_that_differs_in_more_than_its_delta_is_read_whole()
    {
        var stream = new ChatStream(GenAIApi.ChatCompletions, keepContent: true);
        stream.OnEvent("""{"choices":[{"delta":{"content":"a"},"index":0,"finish_reason":null}]}"""u8);
        stream.OnEvent("""{"choices":[{"delta":{"content":"b"},"index":0,"finish_reason":null}]}"""u8);
        stream.OnEvent("""{"choices":[{"delta":{"content":"c"},"index":1,"finish_reason":null}]}"""u8);
        stream.OnEvent("""{"choices":[{"delta":{"content":"d\",\"x\":\""},"index":0,"finish_reason":null}]}"""u8);
        stream.OnEvent("""{"choices":[{"delta":{"content":"e"},"index":0,"finish_reason":"stop"}]}"""u8);

        var choices = JsonNode.Parse(stream.Output()!.Span)!["choices"]!;
        Assert.Equal("abd\",\"x\":\"e", (string)choices[0]!["message"]!["content"]!);
        Assert.Equal("c", (string)choices[1]!["message"]!["content"]!);
        Assert.Equal("stop", (string)choices[0]!["finish_reason"]!);
    }

    private static JsonObject Object((string Name, JsonNode? Value)[] members)
    {
        var json = new JsonObject();
        foreach (var (name, value) in members)
        {
            json[name] = value?.DeepClone();
        }

        return json;
    }

    private static JsonNode? Rebuilt(ReadOnlySpan<byte> json)
    {
        if (json[0] == (byte)'{')
        {
            var result = new JsonObject();
            foreach (var member in new JsonMembers(json))
            {
                result[Encoding.UTF8.GetString(member.Name)] = Rebuilt(member.Value);
            }

            return result;
        }

        if (json[0] == (byte)'[')
        {
            var result = new JsonArray();
            foreach (var element in new JsonElements(json))
            {
                result.Add(Rebuilt(element));
            }

            return result;
        }

        return json[0] == (byte)'"' ? JsonText.String(json) : JsonNode.Parse(json);
    }

    private static void Walk(ReadOnlySpan<byte> json, int depth)
    {
        foreach (var member in new JsonMembers(json))
        {
            Walk(member.Value, depth + 1);
        }

        foreach (var element in new JsonElements(json))
        {
            Walk(element, depth + 1);
        }

        _ = JsonText.String(json);
        _ = JsonText.Number(json);
    }
}
