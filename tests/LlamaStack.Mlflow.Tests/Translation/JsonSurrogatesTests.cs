using System.Text;
using System.Text.Json;
using CsCheck;
using LlamaStack.Instrumentation;
using LlamaStack.Testing;

namespace LlamaStack.Mlflow.Tests.Translation;

/// <summary>A real MLflow answers 500 to a request whose previews hold half a character, and everything in that request is lost.</summary>
[Collection(nameof(Tracing))]
public sealed class JsonSurrogatesTests
{
    [Theory]
    [InlineData("""{"a":"plain"}""", """{"a":"plain"}""")]
    [InlineData("\"\\ud83d\\ude00\"", "\"\\ud83d\\ude00\"")]
    [InlineData("\"\\uD83D\\uDE00 \\u00e9\"", "\"\\uD83D\\uDE00 \\u00e9\"")]
    [InlineData("\"cut \\ud83d\"", "\"cut \\ufffd\"")]
    [InlineData("\"cut \\uD83D, more\"", "\"cut \\ufffd, more\"")]
    [InlineData("\"\\ude00 first\"", "\"\\ufffd first\"")]
    [InlineData("\"\\ud83d\\ud83d\\ude00\"", "\"\\ufffd\\ud83d\\ude00\"")]
    [InlineData("\"\\ud83d\\n\\ude00\"", "\"\\ufffd\\n\\ufffd\"")]
    [InlineData("\"no escape: \\\\ud83d\"", "\"no escape: \\\\ud83d\"")]
    [InlineData("\"one: \\\\\\ud83d\"", "\"one: \\\\\\ufffd\"")]
    [InlineData("\"\\ud8", "\"\\ud8")]
    [InlineData("\\", "\\")]
    [InlineData("", "")]
    public void Half_a_character_becomes_the_replacement_character(string json, string mended) =>
        Assert.Equal(mended, Encoding.UTF8.GetString(JsonSurrogates.Mend(Encoding.UTF8.GetBytes(json))));

    [Fact]
    public void What_is_mended_can_be_read_and_what_is_whole_stays() => Gen.OneOf("\\ud83d", "\\ude00", "\\uDBFF", "\\uDC00", "\\\\", "\\\"", "\\u0041", "x", "é", "\\n").Array[0, 12].Sample(
        parts =>
        {
            var json = $"\"{string.Concat(parts)}\"";
            var mended = JsonSerializer.Deserialize<string>(JsonSurrogates.Mend(Encoding.UTF8.GetBytes(json)))!;

            Assert.Equal(mended, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(mended)));
            Assert.Equal(string.Concat(parts).Length - (5 * CountOf(parts)), mended.Length + CountOf(parts, "\\\\", "\\\"", "\\n"));
        },
        iter: 2000);

    [Fact]
    public async Task An_answer_that_was_cut_in_the_middle_of_a_character_arrives()
    {
        await using var app = await TracedApp.StartAsync();
        app.Models.Enqueue(ScriptedExchange.Json("/v1/chat/completions", """{"id":"x","model":"m","choices":[{"index":0,"message":{"role":"assistant","content":"Hi \ud83d"},"finish_reason":"length"}]}"""));
        using (LlamaStackTrace.StartSpan("work"))
        {
            await Raw.PostAsync(app, "/v1/chat/completions", """{"model":"demo/llama","messages":[{"role":"user","content":"\ude00?"}]}""");
        }

        var trace = app.FlushedTrace();

        Assert.Equal(("\ufffd?", "Hi \ufffd"), (trace.RequestPreview, trace.ResponsePreview));
    }

    /// <summary>How many of the parts are six characters that stand for one, or are one of those given.</summary>
    private static int CountOf(string[] parts, params string[] which) => parts.Count(part => which.Length == 0 ? part.Length == 6 : Array.IndexOf(which, part) >= 0);
}
