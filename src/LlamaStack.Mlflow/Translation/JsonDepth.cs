using System.Text;
using System.Text.Json;

namespace LlamaStack.Mlflow;

/// <summary>JSON nested deeper than MLflow reads it: it answers 422 to the whole request, whatever else is in it.</summary>
internal static class JsonDepth
{
    /// <summary>Half of what Python's reader stands.</summary>
    public const int Max = 500;

    public static bool IsTooDeep(string text) =>
        text.Length > Max && text.AsSpan().Count('[') + text.AsSpan().Count('{') > Max && IsTooDeep(Encoding.UTF8.GetBytes(text));

    /// <summary>The same as a JSON string: it is shown as text, and nothing of it is lost.</summary>
    public static string AsText(string json) => $"\"{JsonEncodedText.Encode(Encoding.UTF8.GetBytes(json))}\"";

    public static bool IsTooDeep(ReadOnlySpan<byte> json)
    {
        var depth = 0;
        var isInString = false;
        for (var position = 0; position < json.Length; position++)
        {
            switch (json[position])
            {
                case (byte)'\\' when isInString:
                    position++;
                    break;
                case (byte)'"':
                    isInString = !isInString;
                    break;
                case (byte)'[' or (byte)'{' when !isInString:
                    if (++depth > Max)
                    {
                        return true;
                    }

                    break;
                case (byte)']' or (byte)'}' when !isInString:
                    depth--;
                    break;
            }
        }

        return false;
    }
}
