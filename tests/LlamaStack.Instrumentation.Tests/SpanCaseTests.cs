using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>Do we follow the convention? Each file of <c>Cases</c> is an exchange and the span it must give; a new case is a new file.</summary>
public sealed class SpanCaseTests
{
    public static TheoryData<string> Cases() =>
        [.. Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "Cases"), "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_span_is_as_the_case_says(string name)
    {
        var test = JsonNode.Parse(await File.ReadAllTextAsync(Path.Combine(AppContext.BaseDirectory, "Cases", name + ".json"), TestContext.Current.CancellationToken))!;
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => AnswerOf(test)), new GenAIInstrumentationOptions { ContentCapture = ContentCapture.Full, AttachContent = true, WriteMessages = false });

        await Calls.ReadAll(client, (string)test["url"]!, test["request"]!.ToJsonString());

        var expected = test["span"];
        if (expected is null)
        {
            Assert.Empty(spans.Spans);
            return;
        }

        var span = Calls.Only(spans);
        Assert.Equal((string)expected["name"]!, span.DisplayName);
        Assert.Equal(ActivityKind.Client, span.Kind);
        Assert.Equal((string?)expected["status"] ?? "Unset", span.Status.ToString());
        Assert.Equal((string?)expected["description"], span.StatusDescription);
        Assert.Equal((string?)expected["type"] ?? "ChatModel", SpanContent.Of(span)!.Type.ToString());
        AssertAttributes(expected["attributes"]!.AsObject(), span);
        if (expected["outputs"] is { } outputs)
        {
            Assert.True(JsonNode.DeepEquals(outputs, JsonNode.Parse(Calls.Outputs(span)!)), Calls.Outputs(span));
        }
    }

    private static void AssertAttributes(JsonObject expected, Activity span)
    {
        var actual = new JsonObject();
        foreach (var (key, value) in span.TagObjects.Where(tag => tag.Key != "gen_ai.response.time_to_first_chunk"))
        {
            actual[key] = value switch
            {
                string text => text,
                bool flag => flag,
                double number => number,
                int number => number,
                long number => number,
                string[] texts => new JsonArray([.. texts.Select(text => (JsonNode)text)]),
                _ => $"{value} of the type {value?.GetType()}",
            };
        }

        Assert.True(JsonNode.DeepEquals(expected, actual), $"expected {expected.ToJsonString()}\nactual   {actual.ToJsonString()}");
    }

    private static HttpResponseMessage AnswerOf(JsonNode test)
    {
        var status = (HttpStatusCode)((int?)test["status"] ?? 200);
        var response = test["events"] is JsonArray events ? StubServer.Events([.. events.Select(data => data!.ToJsonString())])
            : test["text"] is { } text ? StubServer.Answer([System.Text.Encoding.UTF8.GetBytes((string)text!)], "text/html", status)
            : StubServer.Json(test["response"]!.ToJsonString(), status);
        foreach (var (header, value) in test["headers"]?.AsObject() ?? [])
        {
            response.Headers.TryAddWithoutValidation(header, (string)value!);
        }

        return response;
    }
}
