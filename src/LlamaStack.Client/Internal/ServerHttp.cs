using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;

namespace LlamaStack.Client;

/// <summary>The HttpClient that a LlamaStack server's habits ask for.</summary>
internal static class ServerHttp
{
    /// <summary>The header of provider keys, as servers from 0.8 on read it, and as those before did.</summary>
    private static readonly string[] _providerDataHeaders = ["X-OGX-Provider-Data", "X-LlamaStack-Provider-Data"];

    public static void Configure(HttpClient http, LlamaStackClientOptions options)
    {
        http.BaseAddress = ServerConnection.ApiRoot(options.Endpoint!);
        http.Timeout = options.Timeout;
        if (options.ApiKey is { } key)
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        if (options.ProviderData.Count > 0)
        {
            var data = ToJson(options.ProviderData);
            foreach (var header in _providerDataHeaders)
            {
                http.DefaultRequestHeaders.Add(header, data);
            }
        }
    }

    public static SocketsHttpHandler CreateHandler(LlamaStackClientOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            // The server closes idle connections after 5 seconds; whoever reuses one at that moment meets a closed socket.
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(4),
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),

            // A stream that its reader leaves should stop the model soon.
            ResponseDrainTimeout = TimeSpan.FromMilliseconds(250),

            // A redirect would carry the provider keys to another server.
            AllowAutoRedirect = false,
            UseCookies = false,
        };
        if (options.AcceptAnyServerCertificate)
        {
#pragma warning disable CA5359 // What the option says: the caller asked for it.
            handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }
        else if (options.CertificateAuthorityFile is { } file)
        {
            handler.SslOptions.CertificateChainPolicy = Trust(ReadCertificates(file));
        }

        return handler;
    }

    public static X509Certificate2Collection ReadCertificates(string pemFile)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(pemFile);
        return certificates;
    }

    private static X509ChainPolicy Trust(X509Certificate2Collection authorities)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(authorities);
        return policy;
    }

    /// <summary>In ASCII: the default encoder escapes all else.</summary>
    private static string ToJson(IDictionary<string, string> data)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            foreach (var (name, value) in data)
            {
                writer.WriteString(name, value);
            }

            writer.WriteEndObject();
        }

        return Encoding.ASCII.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }
}
