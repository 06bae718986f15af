namespace LlamaStack.AspNetCore;

/// <summary>Text from outside, as it may stand in a trace.</summary>
internal static class RequestText
{
    private const int MaxLength = 250;

    /// <summary>250 printable characters of it; null for none.</summary>
    public static string? Clean(string? value)
    {
        if (value is null)
        {
            return null;
        }

        var text = value.Length > MaxLength ? value[..(char.IsHighSurrogate(value[MaxLength - 1]) ? MaxLength - 1 : MaxLength)] : value;
        text = text.Any(char.IsControl) ? string.Concat(text.Where(static character => !char.IsControl(character))) : text;
        return string.IsNullOrWhiteSpace(text) ? null : text;
    }
}
