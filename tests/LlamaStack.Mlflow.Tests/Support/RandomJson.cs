using System.Globalization;
using System.Text.Json;
using CsCheck;

namespace LlamaStack.Mlflow.Tests;

/// <summary>JSON texts of any shape, with the names and the spacing that make trouble.</summary>
internal static class RandomJson
{
    private static readonly Gen<string> _name = Gen.OneOf(
        Gen.OneOf("a", "b", "type", "content", "data", "embedding", "file_data", "b64_json", "messages", "role", "text", "output", "name", "arguments"),
        Gen.String[0, 5]);

    private static readonly Gen<string> _leaf = Gen.OneOf(
        Gen.OneOf("null", "true", "false", "[]", "{}", "\"\"", "-1.5e-3", "0"),
        Gen.Int.Select(number => number.ToString(CultureInfo.InvariantCulture)),
        Gen.String[0, 12].Select(text => JsonSerializer.Serialize(text)));

    private static readonly Gen<string> _space = Gen.OneOf("", "", " ", "\n\t");

    public static Gen<string> Value { get; } = Nested(4);

    private static Gen<string> Nested(int depth)
    {
        if (depth == 0)
        {
            return _leaf;
        }

        var inner = Nested(depth - 1);
        var array = Gen.Select(inner.Array[0, 4], _space, (elements, space) => $"[{space}{string.Join($"{space},{space}", elements)}{space}]");
        var members = Gen.Select(Gen.Select(_name, inner).Array[0, 4], _space, (all, space) =>
            $"{{{space}{string.Join($"{space},{space}", all.DistinctBy(member => member.Item1).Select(member => $"{JsonSerializer.Serialize(member.Item1)}{space}:{space}{member.Item2}"))}{space}}}");
        return Gen.OneOf(_leaf, array, members);
    }
}
