using System.Text;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary>What stands in front of all routes: allowed hosts, foreign origins, workspaces and basic authentication, in that order.</summary>
internal sealed class MlflowGate(MlflowTestServerOptions options, MlflowBehaviour behaviour)
{
    private const string ServerInfo = "/api/3.0/mlflow/server-info";
    private static readonly string[] _localHosts = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0"];

    private static readonly string[] _defaultHosts =
    [
        .. _localHosts, .. _localHosts.Select(static host => host + ":*"),
        "192.168.*", "10.*", .. Enumerable.Range(16, 16).Select(static number => $"172.{number}.*"), "fc00:*", "fd00:*",
    ];

    /// <returns>A refusal, or null for a call that may go on.</returns>
    public MlflowAnswer? Refuse(Call call, string path)
    {
        var request = call.Http.Request;
        var hosts = options.AllowedHosts.Count > 0 ? options.AllowedHosts : _defaultHosts;
        if (path is not ("/health" or "/version") && !hosts.Any(host => Fits(request.Host.Value ?? "", host)))
        {
            return new MlflowAnswer(StatusCodes.Status403Forbidden, "text/plain", "Invalid Host header - possible DNS rebinding attack detected");
        }

        if (IsApi(path) && !HttpMethods.IsGet(request.Method) && IsForeign(request.Headers.Origin.ToString()))
        {
            return new MlflowAnswer(StatusCodes.Status403Forbidden, "text/plain", "Cross-origin request blocked");
        }

        if (behaviour.Workspaces && path is not (ServerInfo or "/health") && request.Headers["X-MLFLOW-WORKSPACE"].ToString().Length > 0)
        {
            throw MlflowError.FeatureDisabled("Workspace APIs are not available: workspaces are not enabled on this server");
        }

        return options.Username is null || !NeedsUser(path) ? null : Authenticate(request, path);
    }

    private MlflowAnswer? Authenticate(HttpRequest request, string path)
    {
        var otlp = path == "/v1/traces";
        var given = request.Headers.Authorization.ToString();
        if (given == Basic(options.Username!))
        {
            return null;
        }

        if (options.ReaderUsername is null || given != Basic(options.ReaderUsername))
        {
            return Text(
                otlp, StatusCodes.Status401Unauthorized, "You are not authenticated. Please see https://www.mlflow.org/docs/latest/auth/index.html#authenticating-to-mlflow on how to authenticate.") with
            { BasicChallenge = true };
        }

        if (otlp && request.Headers.TryGetValue("x-mlflow-experiment-id", out var experiment) && experiment.ToString().Length == 0)
        {
            return Text(otlp, StatusCodes.Status400BadRequest, "Missing required header: X-Mlflow-Experiment-Id");
        }

        return behaviour.GuardsTraces && (otlp || Writes(request.Method, path)) ? Text(otlp, StatusCodes.Status403Forbidden, "Permission denied") : null;
    }

    /// <summary>Health needs no user, server info none where it exists, the OTLP route none on old servers.</summary>
    private bool NeedsUser(string path) => path switch
    {
        "/health" => false,
        ServerInfo => !behaviour.ServerInfo,
        "/v1/traces" => behaviour.GuardsTraces,
        _ => true,
    };

    private string Basic(string user) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{options.Password}"))}";

    /// <summary>Searching is reading, whatever the method; and everyone may create an experiment.</summary>
    private static bool Writes(string method, string path) =>
        !HttpMethods.IsGet(method) && !HttpMethods.IsHead(method) && IsApi(path) && !path.EndsWith("/search", StringComparison.Ordinal)
        && !path.EndsWith("/batchGetInfos", StringComparison.Ordinal) && !path.EndsWith("/create", StringComparison.Ordinal);

    private static MlflowAnswer Text(bool otlp, int status, string text) => otlp ? MlflowAnswer.Plain(status, text) : MlflowAnswer.Page(status, text);

    private static bool IsApi(string path) => path.StartsWith("/api/", StringComparison.Ordinal) || path.StartsWith("/ajax-api/", StringComparison.Ordinal);

    private static bool IsForeign(string origin) =>
        origin.Length > 0 && !(Uri.TryCreate(origin, UriKind.Absolute, out var address) && address.Host is "localhost" or "127.0.0.1" or "[::1]");

    private static bool Fits(string host, string pattern) =>
        Regex.IsMatch(host, $"^{Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\?", ".", StringComparison.Ordinal)}$");
}
