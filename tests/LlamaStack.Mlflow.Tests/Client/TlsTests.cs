using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace LlamaStack.Mlflow.Tests.Client;

public sealed class TlsTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_certificate_that_nobody_vouches_for_is_taken_only_where_that_is_asked_for_by_name(bool insecure)
    {
        using var certificate = SelfSigned();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        await using var server = builder.Build();
        server.Run(context => context.Response.WriteAsync("3.18.0", context.RequestAborted));
        await server.StartAsync(Limit.Token);
        var options = new MlflowTracingOptions { TrackingUri = new Uri(server.Urls.First()), InsecureTls = insecure };
        using var http = new HttpClient(MlflowHttp.Handler(options));
        MlflowHttp.Configure(http, options);
        var client = new MlflowClient(http);

        if (insecure)
        {
            Assert.Equal(new Version(3, 18, 0), await client.GetVersionAsync(Limit.Token));
        }
        else
        {
            var failure = await Assert.ThrowsAsync<MlflowException>(() => client.GetVersionAsync(Limit.Token));
            Assert.Contains("TLS", failure.Message, StringComparison.Ordinal);
            Assert.Contains("MLFLOW_TRACKING_INSECURE_TLS", failure.Message, StringComparison.Ordinal);
        }
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
