using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class OtlpDecodingTests
{
    private static readonly object?[] _items = ["a", 1, null];

    [Fact]
    public void The_recorded_protobuf_says_the_same_as_its_JSON()
    {
        var protobuf = Convert.FromBase64String(Fixtures.Read("mlflow-rest", "otlp-post-tool-chat.json")["request"]!["body_base64"]!.ToString());
        var json = Encoding.UTF8.GetBytes(Fixtures.Read("mlflow-rest", "otlp-tool-chat.otlp.json").ToJsonString());

        var left = OtlpExport.Decode(protobuf, json: false, Convert.ToBase64String);
        var right = OtlpExport.Decode(json, json: true, Convert.ToBase64String);

        Assert.Equal(1, left.Resources);
        Assert.Equal(right.Spans.Select(Describe), left.Spans.Select(Describe));
        Assert.Equal(["ask", "chat llama3.2:3b", "execute_tool get_weather", "chat llama3.2:3b"], left.Spans.Select(static span => span.Name));
        Assert.Equal(ActivityKind.Server, left.Spans[0].Kind);
        Assert.Equal("LlamaStack.Instrumentation", left.Spans[0].ScopeName);
        Assert.Equal("my-app", left.Spans[3].Resource["service.name"]!.ToString());
        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, 123, TimeSpan.Zero), left.Spans[0].Start);
    }

    [Fact]
    public void Every_kind_of_value_is_read()
    {
        var sent = new SentSpan("x", ("text", "ø"), ("yes", true), ("number", -5L), ("half", 0.5), ("list", _items), ("members", new (string, object?)[] { ("k", "v") }), ("bytes", new byte[] { 0, 1 }), ("unset", null));

        var span = Assert.Single(OtlpExport.Decode(OtlpWriter.Export([sent]), json: false, Convert.ToBase64String).Spans);

        Assert.Equal("""{"text":"\u00F8","yes":true,"number":-5,"half":0.5,"list":["a",1,null],"members":{"k":"v"},"bytes":"AAE=","unset":null}""", Json(span.Attributes));
    }

    [Fact]
    public void Status_events_and_parents_are_read()
    {
        var parent = new SentSpan("parent");
        var sent = parent.Child("child") with { Status = ActivityStatusCode.Error, StatusMessage = "broken", Events = [("exception", [("exception.type", "E")])] };

        var spans = OtlpExport.Decode(OtlpWriter.Export([parent, sent]), json: false, Convert.ToBase64String).Spans;

        Assert.Null(spans[0].ParentSpanId);
        Assert.Equal(parent.SpanId, spans[1].ParentSpanId);
        Assert.Equal((ActivityStatusCode.Error, "broken"), (spans[1].Status, spans[1].StatusMessage));
        Assert.Equal("exception", Assert.Single(spans[1].Events).Name);
        Assert.Equal("E", spans[1].Events[0].Attributes["exception.type"]!.ToString());
    }

    [Fact]
    public void Unknown_fields_are_passed_over()
    {
        var resource = new OtlpWriter().Text(99, "new").Number(98, 7).Fixed64(97, 1);

        var export = OtlpExport.Decode(new OtlpWriter().Message(1, resource).Text(50, "x").ToArray(), json: false, Convert.ToBase64String);

        Assert.Equal(1, export.Resources);
        Assert.Empty(export.Spans);
    }

    [Theory]
    [InlineData("68656c6c6f20776f726c64")]
    [InlineData("0aff")]
    [InlineData("0a05120312010a")]
    [InlineData("ffffffffffffffffffffff")]
    [InlineData("00")]
    [InlineData("0b")]
    public void What_is_no_message_is_refused(string hex) =>
        Assert.Throws<InvalidDataException>(() => OtlpExport.Decode(Convert.FromHexString(hex), json: false, Convert.ToBase64String));

    [Fact]
    public void A_name_that_is_not_UTF_8_is_refused()
    {
        var span = new OtlpWriter().Bytes(5, [0xff, 0xfe]);
        var body = new OtlpWriter().Message(1, new OtlpWriter().Message(2, new OtlpWriter().Message(2, span))).ToArray();

        Assert.Throws<InvalidDataException>(() => OtlpExport.Decode(body, json: false, Convert.ToBase64String));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[")]
    [InlineData("""{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"xyz"}]}]}]}""")]
    [InlineData("""{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":5}]}]}]}""")]
    public void What_is_no_OTLP_JSON_is_refused(string json) =>
        Assert.Throws<InvalidDataException>(() => OtlpExport.Decode(Encoding.UTF8.GetBytes(json), json: true, Convert.ToBase64String));

    private static string Describe(OtlpTestSpan span) =>
        $"{span.TraceId}/{span.SpanId}<{span.ParentSpanId} {span.Name} {span.Kind} {span.StartUnixNano}-{span.EndUnixNano} {span.Status} {Json(span.Attributes)} {Json(span.Resource)} {span.ScopeName} {span.ScopeVersion}";

    private static string Json(IReadOnlyDictionary<string, JsonNode?> attributes) =>
        new JsonObject(attributes.Select(static attribute => KeyValuePair.Create(attribute.Key, attribute.Value?.DeepClone()))).ToJsonString();
}
