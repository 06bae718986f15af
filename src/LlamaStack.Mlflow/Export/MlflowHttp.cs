using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace LlamaStack.Mlflow;

/// <summary>The HTTP client that talks to MLflow.</summary>
internal static class MlflowHttp
{
    public const string ClientName = "LlamaStack.Mlflow";

    public static void Configure(HttpClient http, MlflowTracingOptions options)
    {
        if (options.TrackingUri is null)
        {
            throw new InvalidOperationException("MLflow's address is not known. Set LlamaStack:Tracing:TrackingUri or MLFLOW_TRACKING_URI, for example to http://localhost:5000.");
        }

        var address = new UriBuilder(options.TrackingUri) { UserName = "", Password = "", Query = "", Fragment = "" };
        if (!address.Path.EndsWith('/'))
        {
            address.Path += "/";
        }

        http.BaseAddress = address.Uri;
        http.Timeout = options.ExportTimeout;
        if (Credentials(options) is { } credentials)
        {
            http.DefaultRequestHeaders.Authorization = credentials;
        }

        if (options.Workspace is { Length: > 0 } workspace)
        {
            http.DefaultRequestHeaders.TryAddWithoutValidation(MlflowAttributes.Header.Workspace, workspace);
        }
    }

    public static HttpMessageHandler Handler(MlflowTracingOptions options)
    {
        var handler = new SocketsHttpHandler
        {
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            ActivityHeadersPropagator = null,

            // A redirect loses the credentials and makes a GET of a POST: what comes of it says nothing of the reason.
            AllowAutoRedirect = false,
        };
        if (options.Proxy is { } proxy)
        {
            handler.Proxy = new WebProxy(new UriBuilder(proxy) { UserName = "", Password = "" }.Uri) { Credentials = UserInfo(proxy) is var (name, word) && name is not null ? new NetworkCredential(name, word) : null };
        }

        if (options.InsecureTls)
        {
#pragma warning disable CA5359 // Asked for by name: LlamaStack:Tracing:InsecureTls, MLFLOW_TRACKING_INSECURE_TLS.
            handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        }

        else if (options.CertificateAuthorityFile is { Length: > 0 } authorities)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            policy.CustomTrustStore.AddRange(MlflowCertificates.Authorities(authorities));
            handler.SslOptions.CertificateChainPolicy = policy;
        }

        if (options.ClientCertificateFile is { Length: > 0 })
        {
            handler.SslOptions.ClientCertificates = [MlflowCertificates.Client(options)];
        }

        return handler;
    }

    /// <summary>Does the server get a user's name?</summary>
    public static bool HasUser(MlflowTracingOptions options) => !string.IsNullOrEmpty(options.Username) || options.TrackingUri is { IsAbsoluteUri: true, UserInfo.Length: > 0 };

    private static AuthenticationHeaderValue? Credentials(MlflowTracingOptions options)
    {
        var (user, password) = (options.Username, options.Password);
        if (string.IsNullOrEmpty(user))
        {
            (user, password) = UserInfo(options.TrackingUri!);
        }

        if (!string.IsNullOrEmpty(user))
        {
            return new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}")));
        }

        return string.IsNullOrEmpty(options.Token) ? null : new AuthenticationHeaderValue("Bearer", options.Token);
    }

    /// <summary>User and password that stand in an address.</summary>
    private static (string? User, string? Password) UserInfo(Uri address)
    {
        var parts = address.UserInfo.Split(':', 2);
        return parts[0].Length == 0 ? default : (Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
    }
}
