using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LlamaStack.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace LlamaStack.Mlflow.Tests.Export;

/// <summary>Servers with certificates of a private authority, that ask for one, or that send elsewhere.</summary>
public sealed class CertificateTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("certificate-tests-");

    [Fact]
    public async Task The_certificate_of_a_named_authority_is_trusted_and_no_other()
    {
        using var own = SelfSigned("CN=127.0.0.1");
        using var other = SelfSigned("CN=other");
        await using var server = await ServeAsync(own);

        Assert.Equal(new Version(3, 18, 0), await AskAsync(server, options => options.CertificateAuthorityFile = Pem("ca.pem", own.ExportCertificatePem())));
        var failure = await Assert.ThrowsAsync<MlflowException>(() => AskAsync(server, options => options.CertificateAuthorityFile = Pem("other.pem", other.ExportCertificatePem())));
        Assert.Contains("TLS", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("one PEM file")]
    [InlineData("two PEM files")]
    [InlineData("an encrypted key")]
    [InlineData("PKCS#12")]
    public async Task A_server_that_asks_for_a_certificate_gets_it(string form)
    {
        using var own = SelfSigned("CN=127.0.0.1");
        using var client = SelfSigned("CN=the application");
        await using var server = await ServeAsync(own, client.Thumbprint);
        using var key = client.GetECDsaPrivateKey()!;
        var certificate = client.ExportCertificatePem();

        var version = await AskAsync(server, options =>
        {
            options.InsecureTls = true;
            switch (form)
            {
                case "one PEM file":
                    options.ClientCertificateFile = Pem("me.pem", $"{certificate}\n{key.ExportPkcs8PrivateKeyPem()}");
                    break;
                case "two PEM files":
                    (options.ClientCertificateFile, options.ClientCertificateKeyFile) = (Pem("me.pem", certificate), Pem("me.key", key.ExportPkcs8PrivateKeyPem()));
                    break;
                case "an encrypted key":
                    var encrypted = key.ExportEncryptedPkcs8PrivateKeyPem("pw", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 1000));
                    (options.ClientCertificateFile, options.ClientCertificatePassword) = (Pem("me.pem", $"{certificate}\n{encrypted}"), "pw");
                    break;
                default:
                    var file = Path.Combine(_directory.FullName, "me.pfx");
                    File.WriteAllBytes(file, client.Export(X509ContentType.Pkcs12, "pw"));
                    (options.ClientCertificateFile, options.ClientCertificatePassword) = (file, "pw");
                    break;
            }
        });

        Assert.Equal(new Version(3, 18, 0), version);
    }

    [Fact]
    public async Task Credentials_do_not_follow_a_redirect_and_the_new_address_is_told()
    {
        await using var there = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        await using var here = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        here.Intercept = context =>
        {
            context.Response.Redirect(new Uri(there.Endpoint, context.Request.Path).AbsoluteUri, permanent: false, preserveMethod: true);
            return Task.FromResult(true);
        };
        var options = new MlflowTracingOptions { TrackingUri = here.Endpoint, Token = "s3cret" };
        using var http = new HttpClient(MlflowHttp.Handler(options));
        MlflowHttp.Configure(http, options);

        var failure = await Assert.ThrowsAsync<MlflowException>(() => new MlflowClient(http).GetVersionAsync(Limit.Token));

        Assert.Empty(there.Requests);
        Assert.Contains(there.Endpoint.Authority, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("s3cret", failure.ToString(), StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    private static async Task<Version> AskAsync(WebApplication server, Action<MlflowTracingOptions> configure)
    {
        var options = new MlflowTracingOptions { TrackingUri = new Uri(server.Urls.First()) };
        configure(options);
        using var http = new HttpClient(MlflowHttp.Handler(options));
        MlflowHttp.Configure(http, options);
        return await new MlflowClient(http).GetVersionAsync(Limit.Token);
    }

    private static async Task<WebApplication> ServeAsync(X509Certificate2 certificate, string? clientThumbprint = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = certificate;
            https.ClientCertificateMode = clientThumbprint is null ? ClientCertificateMode.NoCertificate : ClientCertificateMode.RequireCertificate;
            https.ClientCertificateValidation = (shown, _, _) => shown.Thumbprint == clientThumbprint;
        })));
        var server = builder.Build();
        server.Run(context => context.Response.WriteAsync("3.18.0", context.RequestAborted));
        await server.StartAsync(Limit.Token);
        return server;
    }

    private static X509Certificate2 SelfSigned(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }

    private string Pem(string name, string text)
    {
        var path = Path.Combine(_directory.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }
}
