namespace LlamaStack.Mlflow;

/// <summary>Addresses as they may be shown to anyone.</summary>
internal static class Addresses
{
    /// <summary>An address without user, password, query and fragment: for log lines, health and messages.</summary>
    public static string Shown(Uri? address)
    {
        if (address is { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            return address.GetComponents(UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped);
        }

        // No address of a server, but perhaps one with a slip of the pen, and a password.
        var text = address?.OriginalString ?? "";
        return text.LastIndexOf('@') is >= 0 and var at ? $"...{text[at..]}" : text;
    }
}
