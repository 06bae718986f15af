using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using LlamaStack.Instrumentation;
using LlamaStack.TestSupport;

namespace LlamaStack.Mlflow.Tests.Translation;

public sealed class JsonForPeopleTests
{
    private const string Picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

    private static readonly string _sound = Convert.ToBase64String(Enumerable.Range(0, 300).Select(number => (byte)number).ToArray());

    /// <summary>An answer, and what MLflow's page gets of it.</summary>
    public static TheoryData<string, string> Answers() => new()
    {
        { """{"a":null}""", "{}" },
        { """{"a":null,"b":1,"c":null,"d":{"e":null,"f":[{"g":null,"h":2}]}}""", """{"b":1,"d":{"f":[{"h":2}]}}""" },
        { """{ "a" : [ 1 , null , 2 ] , "b" : "x" }""", """{ "a" : [ 1 , null , 2 ] , "b" : "x" }""" },
        { """{ "a" : null , "b" : 1 , "c" : null , "d" : null }""", """{  "b" : 1 }""" },
        { """{"a":null,"b":null}""", "{}" },
        { """{"a":1,"b":nul""", """{"a":1,"b":nul""" },
        { """{"a":null,"b":[{"c":null,"d":"x""", """{"b":[{"d":"x""" },
        { """{"a":1.50,"b":1e3,"c":-0,"d":"\u00e9\"\\"}""", """{"a":1.50,"b":1e3,"c":-0,"d":"\u00e9\"\\"}""" },
        { """[]""", "[]" },
        { """{"b64_json":"SHORT"}""", """{"b64_json":"SHORT"}""" },
        { "\"text\"", "\"text\"" },
    };

    public static TheoryData<string, string, string> Exchanges()
    {
        var data = new TheoryData<string, string, string>();
        foreach (var folder in (string[])["chat", "completions", "embeddings", "responses"])
        {
            foreach (var exchange in Fixtures.Live(folder).Where(exchange => exchange is { IsStream: false, Status: 200, Response.Length: > 0, Method: "POST" }))
            {
                data.Add(folder, exchange.Name, exchange.Path);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Answers))]
    public void Null_members_are_left_out_and_values_stay_as_they_are_written(string json, string expected) =>
        Assert.Equal(expected, Outputs(GenAIApi.ChatCompletions, json));

    [Theory]
    [InlineData("""{"data":[{"embedding":[0.1,0.2,0.3],"index":0}]}""", """{"data":[{"embedding":"[3 numbers]","index":0}]}""")]
    [InlineData("""{"data":[{"embedding":[],"index":0}]}""", """{"data":[{"embedding":"[0 numbers]","index":0}]}""")]
    [InlineData("""{"data":[{"embedding":[ ],"index":0}]}""", """{"data":[{"embedding":"[0 numbers]","index":0}]}""")]
    [InlineData("""{"data":[{"embedding":"AACAPwAAAEA=","index":0}]}""", """{"data":[{"embedding":"[2 numbers]","index":0}]}""")]
    [InlineData("""{"data":[{"embedding":"not base64!","index":0}]}""", """{"data":[{"embedding":"not base64!","index":0}]}""")]
    public void Vectors_are_told_by_their_size(string json, string expected) => Assert.Equal(expected, Outputs(GenAIApi.Embeddings, json));

    [Fact]
    public void Vectors_of_another_answer_are_nothing_special() =>
        Assert.Equal("""{"embedding":[1,2]}""", Outputs(GenAIApi.ChatCompletions, """{"embedding":[1,2]}"""));

    [Fact]
    public void A_picture_in_a_request_is_told_by_type_size_and_hash()
    {
        var sent = Inputs($$$"""{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,{{{Picture}}}","detail":null}}]}]}""");

        var address = JsonNode.Parse(sent)!["messages"]![0]!["content"]![0]!["image_url"]!["url"]!.GetValue<string>();
        Assert.Matches("^\\[image/png, 70 bytes, sha256 of its base64 [0-9a-f]{16}...\\]$", address);
        Assert.True(JsonNode.Parse(sent)!["messages"]![0]!["content"]![0]!["image_url"]!.AsObject().ContainsKey("detail"), "A request is told whole, nulls too.");
    }

    [Theory]
    [InlineData("""{"messages":[{"content":[{"type":"input_audio","input_audio":{"data":"@","format":"wav"}}]}]}""")]
    [InlineData("""{"input":[{"content":[{"type":"input_file","file_data":"@","filename":"a.pdf"}]}]}""")]
    public void A_sound_or_a_file_in_a_request_is_told_by_size_and_hash(string template)
    {
        var sent = Inputs(template.Replace("@", _sound, StringComparison.Ordinal));

        Assert.DoesNotContain(_sound, sent, StringComparison.Ordinal);
        Assert.Contains("[base64, 300 bytes, sha256", sent, StringComparison.Ordinal);
        Assert.NotNull(JsonNode.Parse(sent));
    }

    [Fact]
    public void A_generated_picture_is_told_by_size_and_hash()
    {
        Assert.Contains("[base64, 300 bytes, sha256", Outputs(GenAIApi.Responses, $$"""{"data":[{"b64_json":"{{_sound}}"}]}"""), StringComparison.Ordinal);
        Assert.Contains("[base64, 300 bytes, sha256", Outputs(GenAIApi.Responses, $$"""{"output":[{"type":"image_generation_call","result":"{{_sound}}"}]}"""), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"messages":[{"role":"user","content":"data:text/plain;base64 is a scheme"}]}""")]
    [InlineData("""{"a":null,"b":[ 1, 2 ]}""")]
    public void A_request_without_payloads_is_sent_byte_for_byte(string json) => Assert.Equal(json, Inputs(json));

    [Fact]
    public void A_media_type_with_escapes_stays_valid_JSON() =>
        Assert.NotNull(JsonNode.Parse(Inputs($$"""{"url":"data:image/\"svg\";base64,{{Picture}}"}""")));

    [Theory]
    [MemberData(nameof(Exchanges))]
    public void Every_recorded_exchange_comes_out_as_valid_JSON_without_nulls(string folder, string name, string path)
    {
        var exchange = Fixtures.Live(folder, name);
        var api = path.Contains("embeddings", StringComparison.Ordinal) ? GenAIApi.Embeddings
            : path.Contains("responses", StringComparison.Ordinal) ? GenAIApi.Responses
            : path.Contains("chat", StringComparison.Ordinal) ? GenAIApi.ChatCompletions
            : GenAIApi.Completions;

        var answer = JsonNode.Parse(Outputs(api, System.Text.Encoding.UTF8.GetString(exchange.Response)));

        if (api is not GenAIApi.Embeddings)
        {
            Assert.True(JsonNode.DeepEquals(WithoutNulls(JsonNode.Parse(exchange.Response)), answer));
        }

        if (exchange.Request is { Length: > 0 } request && IsJson(request))
        {
            Assert.NotNull(JsonNode.Parse(Inputs(System.Text.Encoding.UTF8.GetString(request))));
        }
    }

    [Fact]
    public void Any_JSON_comes_out_as_the_same_JSON_without_nulls() => RandomJson.Value.Sample(
        json =>
        {
            var answer = Outputs(GenAIApi.Responses, json);
            Assert.True(JsonNode.DeepEquals(WithoutNulls(JsonNode.Parse(json)), JsonNode.Parse(answer)), $"{json} became {answer}");
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), JsonNode.Parse(Inputs(json))));
        },
        iter: 3000);

    [Fact]
    public void Any_JSON_as_an_answer_with_vectors_comes_out_as_valid_JSON() =>
        RandomJson.Value.Sample(json => JsonDocument.Parse(Outputs(GenAIApi.Embeddings, json)).Dispose(), iter: 1000);

    [Fact]
    public void Text_that_is_no_JSON_stops_nothing() => Gen.String.Sample(
        text =>
        {
            Outputs(GenAIApi.ChatCompletions, text);
            Inputs(text + ";base64,");
        },
        iter: 2000);

    [Fact]
    public void Nesting_without_end_does_not_end_the_process()
    {
        // A stack that overflows cannot be caught: the application would be gone.
        const int depth = 20_000;
        var json = string.Concat(Enumerable.Repeat("{\"a\":[", depth)) + "1" + string.Concat(Enumerable.Repeat("]}", depth));

        Assert.Equal(json, Outputs(GenAIApi.Responses, json));
        var request = $$"""{"a":"x;base64,","b":{{json}}}""";
        Assert.Equal(request, Inputs(request));
    }

    private static string Outputs(GenAIApi api, string json)
    {
        var output = new PooledBytes();
        JsonForPeople.WriteOutputs(api, System.Text.Encoding.UTF8.GetBytes(json), output);
        return TestSpans.Text(output);
    }

    private static string Inputs(string json) =>
        System.Text.Encoding.UTF8.GetString(JsonForPeople.Inputs(GenAIApi.Responses, System.Text.Encoding.UTF8.GetBytes(json), new PooledBytes()));

    private static bool IsJson(byte[] text)
    {
        try
        {
            JsonDocument.Parse(text).Dispose();
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static JsonNode? WithoutNulls(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(members.Where(member => member.Value is not null).Select(member => KeyValuePair.Create(member.Key, WithoutNulls(member.Value)))),
        JsonArray elements => new JsonArray([.. elements.Select(WithoutNulls)]),
        _ => node?.DeepClone(),
    };
}
