using System.Text.Json.Nodes;
using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class PythonJsonTests
{
    [Theory]
    [InlineData(0, "0.0")]
    [InlineData(4, "4.0")]
    [InlineData(-0.5, "-0.5")]
    [InlineData(0.1, "0.1")]
    [InlineData(0.00010499999999999999, "0.00010499999999999999")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(1e15, "1000000000000000.0")]
    [InlineData(1.5e15, "1500000000000000.0")]
    [InlineData(1e16, "1e+16")]
    [InlineData(-12345678901234568, "-1.2345678901234568e+16")]
    [InlineData(1.5e16, "1.5e+16")]
    [InlineData(1.25e100, "1.25e+100")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.NegativeInfinity, "-Infinity")]
    public void A_double_is_written_as_Python_writes_it(double value, string expected) => Assert.Equal(expected, PythonJson.Number(value));

    [Theory]
    [InlineData("""{"a":1,"b":[1.50,1e3,null,true],"c":{},"d":[]}""", """{"a": 1, "b": [1.5, 1000.0, null, true], "c": {}, "d": []}""")]
    [InlineData("\"ø \\\" \\u0001 \\n\"", "\"ø \\\" \\u0001 \\n\"")]
    public void Stored_text_has_blanks_and_keeps_its_letters(string json, string expected) => Assert.Equal(expected, PythonJson.Spaced(JsonNode.Parse(json)));

    [Fact]
    public void An_answer_escapes_what_is_not_ASCII_and_may_be_indented()
    {
        var body = JsonNode.Parse("""{"a":["ø"],"b":{}}""");

        Assert.Equal("""{"a":["\u00f8"],"b":{}}""", PythonJson.Answer(body, indented: false));
        Assert.Equal("{\n  \"a\": [\n    \"\\u00f8\"\n  ],\n  \"b\": {}\n}", PythonJson.Answer(body, indented: true));
    }

    [Fact]
    public void A_whole_number_of_code_stays_whole() =>
        Assert.Equal("""{"int":7,"long":7,"double":7.0}""", PythonJson.Compact(new JsonObject { ["int"] = 7, ["long"] = 7L, ["double"] = 7d }));
}
