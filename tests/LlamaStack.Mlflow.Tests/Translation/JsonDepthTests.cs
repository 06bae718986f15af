using System.Text;
using System.Text.Json;

namespace LlamaStack.Mlflow.Tests.Translation;

/// <summary>A real server answers 422 to JSON nested 990 deep, for all that came with it; the same as text it takes.</summary>
public sealed class JsonDepthTests
{
    [Theory]
    [InlineData(500, false)]
    [InlineData(501, true)]
    [InlineData(100_000, true)]
    public void Depth_is_what_counts(int depth, bool isTooDeep)
    {
        var json = Nested(depth);

        Assert.Equal(isTooDeep, JsonDepth.IsTooDeep(json));
        Assert.Equal(isTooDeep, JsonDepth.IsTooDeep(Encoding.UTF8.GetBytes(json)));
    }

    [Fact]
    public void Length_and_brackets_in_text_do_not()
    {
        var json = JsonSerializer.Serialize(new { text = new string('[', 5000) + "\\\"" + new string('{', 5000), list = Enumerable.Range(0, 2000).Select(number => new[] { number }) });

        Assert.False(JsonDepth.IsTooDeep(json));
        Assert.False(JsonDepth.IsTooDeep(Encoding.UTF8.GetBytes(json)));
    }

    [Fact]
    public void As_text_nothing_of_it_is_lost()
    {
        var json = Nested(600) + "\"\\ \u00e4 \ud83d";

        Assert.Equal(Nested(600) + "\"\\ \u00e4 \ufffd", JsonSerializer.Deserialize<string>(JsonDepth.AsText(json)));
    }

    private static string Nested(int depth) => string.Concat(Enumerable.Repeat("{\"a\":[", depth / 2)) + (depth % 2 == 1 ? "[]" : "1") + string.Concat(Enumerable.Repeat("]}", depth / 2));
}
