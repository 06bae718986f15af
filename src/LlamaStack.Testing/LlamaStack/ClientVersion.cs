using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary>A client that tells its version must have the server's major and minor one.</summary>
internal static class ClientVersion
{
    private const string Header = "X-OGX-Client-Version";

    public static void Check(Call call, string server)
    {
        var client = call.Http.Request.Headers[Header].ToString();
        if (client.Length > 0 && MajorMinor(client) != MajorMinor(server))
        {
            throw LlamaStackError.InFront(
                StatusCodes.Status426UpgradeRequired, $"Client version {client} is not compatible with server version {server}. Please update your client.");
        }
    }

    private static string MajorMinor(string version) => string.Join('.', version.Split('.').Take(2));
}
