using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>Writes JSON as the servers' Python does: <c>4.0</c> stays a fraction, separators and escapes are theirs.</summary>
internal sealed class PythonJson
{
    private readonly StringBuilder _text = new();
    private readonly string _comma;
    private readonly string _colon;
    private readonly bool _ascii;
    private readonly bool _indented;

    private PythonJson(string comma, string colon, bool ascii, bool indented) => (_comma, _colon, _ascii, _indented) = (comma, colon, ascii, indented);

    /// <summary>Without blanks, text as it is: answers of the LlamaStack server.</summary>
    public static string Compact(JsonNode? node) => new PythonJson(",", ":", ascii: false, indented: false).Write(node, 0);

    /// <summary>With a blank after each comma and colon: what MLflow stores.</summary>
    public static string Spaced(JsonNode? node) => new PythonJson(", ", ": ", ascii: false, indented: false).Write(node, 0);

    /// <summary>Answers of MLflow: other than ASCII is escaped.</summary>
    public static string Answer(JsonNode? node, bool indented) =>
        new PythonJson(",", indented ? ": " : ":", ascii: true, indented).Write(node, 0);

    /// <summary>Errors of MLflow: as <see cref="Spaced"/>, and escaped.</summary>
    public static string Error(JsonNode? node) => new PythonJson(", ", ": ", ascii: true, indented: false).Write(node, 0);

    /// <summary>A double as Python prints it.</summary>
    public static string Number(double value)
    {
        if (!double.IsFinite(value))
        {
            return double.IsNaN(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
        }

        // Both write the shortest digits that read back the same; at 1e16 Python turns to an exponent, .NET a digit later.
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        if (text.AsSpan().IndexOfAny('.', 'E') >= 0)
        {
            return text.Replace('E', 'e');
        }

        var digits = text.TrimStart('-');
        if (digits.Length <= 16)
        {
            return text + ".0";
        }

        var fraction = digits[1..].TrimEnd('0');
        return $"{text[..^(digits.Length - 1)]}{(fraction.Length > 0 ? "." : "")}{fraction}e+16";
    }

    private string Write(JsonNode? node, int depth)
    {
        Append(node, depth);
        return _text.ToString();
    }

    private void Append(JsonNode? node, int depth)
    {
        switch (node)
        {
            case JsonObject members:
                AppendAll('{', '}', members.Count, depth, members, member =>
                {
                    AppendString(member.Key);
                    _text.Append(_colon);
                    Append(member.Value, depth + 1);
                });
                break;
            case JsonArray items:
                AppendAll('[', ']', items.Count, depth, items, item => Append(item, depth + 1));
                break;
            case JsonValue value:
                AppendValue(value);
                break;
            default:
                _text.Append("null");
                break;
        }
    }

    private void AppendAll<T>(char open, char close, int count, int depth, IEnumerable<T> parts, Action<T> append)
    {
        _text.Append(open);
        var first = true;
        foreach (var part in parts)
        {
            _text.Append(first ? "" : _comma);
            NewLine(depth + 1);
            append(part);
            first = false;
        }

        if (count > 0)
        {
            NewLine(depth);
        }

        _text.Append(close);
    }

    private void NewLine(int depth)
    {
        if (_indented)
        {
            _text.Append('\n').Append(' ', 2 * depth);
        }
    }

    private void AppendValue(JsonValue value)
    {
        switch (value.GetValueKind())
        {
            case JsonValueKind.String:
                AppendString(value.GetValue<string>());
                break;
            case JsonValueKind.Number when value.TryGetValue<double>(out var number) && IsFraction(value):
                _text.Append(Number(number));
                break;
            default:
                _text.Append(value.ToJsonString());
                break;
        }
    }

    /// <summary>Made from a double, or parsed from a text with a point or an exponent.</summary>
    private static bool IsFraction(JsonValue value) =>
        !value.TryGetValue<JsonElement>(out var element) || element.GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') >= 0;

    private void AppendString(string value)
    {
        _text.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => _text.Append("\\\""),
                '\\' => _text.Append("\\\\"),
                '\n' => _text.Append("\\n"),
                '\r' => _text.Append("\\r"),
                '\t' => _text.Append("\\t"),
                '\b' => _text.Append("\\b"),
                '\f' => _text.Append("\\f"),
                < ' ' => _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                > '\u007f' when _ascii => _text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => _text.Append(c),
            };
        }

        _text.Append('"');
    }
}
