using System.Buffers.Text;
using System.Globalization;
using System.Text;

namespace LlamaStack.Testing;

/// <summary>Cuts pages; a token is the base64 of <c>{"offset": n}</c>.</summary>
internal static class Page
{
    public static Page<T> Cut<T>(IEnumerable<T> all, int most, string token)
    {
        var offset = Offset(token);
        var rest = all.Skip(offset).Take(most + 1).ToList();
        var next = rest.Count > most ? Convert.ToBase64String(Encoding.UTF8.GetBytes($"{{\"offset\": {offset + most}}}")) : null;
        return new Page<T>(rest.Count > most ? rest[..most] : rest, next);
    }

    private static int Offset(string token)
    {
        if (token.Length == 0)
        {
            return 0;
        }

        if (!Base64.IsValid(token))
        {
            throw MlflowError.Invalid("Invalid page token, could not base64-decode");
        }

        var text = Encoding.UTF8.GetString(Convert.FromBase64String(token));
        return MlflowJson.TryParse(text, out var parsed) && MlflowJson.ToInteger(parsed?["offset"]) is { } offset
            ? int.CreateSaturating(offset)
            : throw MlflowError.Invalid(string.Create(CultureInfo.InvariantCulture, $"Invalid page token, parsed value={text}"));
    }
}
