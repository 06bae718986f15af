using System.Collections.Concurrent;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace LlamaStack.IntegrationTests;

/// <summary>An HTTP proxy on this machine that asks for a user and a password, and knows the way to hosts that nobody else does.</summary>
internal sealed class LoopbackProxy : IAsyncDisposable
{
    public const string Password = "pl@nted pw";

    private static readonly string _expected = $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"ann:{Password}"))}";

    private readonly WebApplication _app;
    private readonly IReadOnlyDictionary<string, Uri> _hosts;
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null });
    private readonly ConcurrentQueue<string> _passed = [];

    private LoopbackProxy(WebApplication app, IReadOnlyDictionary<string, Uri> hosts) => (_app, _hosts) = (app, hosts);

    /// <summary>Gets the address, with the user and the password.</summary>
    public Uri Address => new UriBuilder(_app.Urls.Single()) { UserName = "ann", Password = Uri.EscapeDataString(Password) }.Uri;

    /// <summary>Gets what was asked for through it, as whole addresses.</summary>
    public IReadOnlyCollection<string> Passed => _passed;

    public static async Task<LoopbackProxy> StartAsync(IReadOnlyDictionary<string, Uri> hosts, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var proxy = new LoopbackProxy(app, hosts);
        app.Run(proxy.PassAsync);
        await app.StartAsync(cancellationToken);
        return proxy;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _http.Dispose();
    }

    private async Task PassAsync(HttpContext context)
    {
        if (context.Request.Headers.ProxyAuthorization != _expected)
        {
            context.Response.StatusCode = StatusCodes.Status407ProxyAuthenticationRequired;
            context.Response.Headers.ProxyAuthenticate = "Basic realm=\"proxy\"";
            return;
        }

        var asked = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        _passed.Enqueue(asked);
        var target = new Uri(asked);
        using var request = new HttpRequestMessage(HttpMethod.Parse(context.Request.Method), new Uri(_hosts[target.Host], target.PathAndQuery));
        if (context.Request.ContentLength is not null || context.Request.Headers.TransferEncoding.Count > 0)
        {
            request.Content = new StreamContent(context.Request.Body);
        }

        foreach (var (name, value) in context.Request.Headers.Where(header => header.Key is not ("Host" or "Proxy-Authorization" or "Connection" or "Transfer-Encoding" or "Expect")))
        {
            if (!request.Headers.TryAddWithoutValidation(name, [.. value]))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, [.. value]);
            }
        }

        using var answer = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, context.RequestAborted);
        context.Response.StatusCode = (int)answer.StatusCode;
        context.Response.ContentType = answer.Content.Headers.ContentType?.ToString();
        await answer.Content.CopyToAsync(context.Response.Body, context.RequestAborted);
    }
}
