using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace LlamaStack.Client.Tests;

/// <summary>A real HTTP server on a free port of loopback that does with a request what the test says.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private LoopbackServer(WebApplication app) => _app = app;

    public Uri Address => new(_app.Urls.Single().Replace("127.0.0.1", "localhost", StringComparison.Ordinal));

    public static async Task<LoopbackServer> StartAsync(RequestDelegate answer, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            if (certificate is not null)
            {
                listen.UseHttps(certificate);
            }
        }));
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync(Ct);
        return new LoopbackServer(app);
    }

    /// <summary>Starts a stream of events: the headers are on their way when this returns.</summary>
    public static Task StartEventsAsync(HttpContext context)
    {
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        return context.Response.Body.FlushAsync(context.RequestAborted);
    }

    public static Task SendEventAsync(HttpContext context, string data) => context.Response.WriteAsync($"data: {data}\n\n", context.RequestAborted);

    /// <summary>A task that is done when the other side has left.</summary>
    public static Task LeftAsync(HttpContext context)
    {
        var left = new TaskCompletionSource();
        context.RequestAborted.Register(left.SetResult);
        return left.Task;
    }

    /// <summary>A certificate for localhost that signed itself, as <c>ogx go</c> makes one.</summary>
    public static X509Certificate2 SelfSigned(string host = "localhost")
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), password: null);
    }

    public LlamaStackClient Client(Action<LlamaStackClientOptions>? configure = null, TimeProvider? time = null)
    {
        var services = new ServiceCollection();
        services.AddLlamaStack(options =>
        {
            options.Endpoint = Address;
            configure?.Invoke(options);
        });
        if (time is not null)
        {
            services.AddSingleton(time);
        }

        return services.BuildServiceProvider(validateScopes: true).GetRequiredService<LlamaStackClient>();
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
