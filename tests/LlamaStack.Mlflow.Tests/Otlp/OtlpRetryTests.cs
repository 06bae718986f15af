using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using LlamaStack.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;

namespace LlamaStack.Mlflow.Tests.Otlp;

/// <summary>OpenTelemetry's own retry, kept in the spool directory or where its variables say, and its certificates.</summary>
[Collection(nameof(Alone))]
public sealed class OtlpRetryTests : IDisposable
{
    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("otlp-retry-tests-");

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task What_does_not_arrive_waits_in_the_spool_directory_for_its_owner_only(string protocol)
    {
        await using var app = await OtlpApp.StartAsync(options => options.SpoolDirectory = _directory.FullName, settings: _ => new() { ["OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol });
        await app.Receiver.StopAsync(Limit.Token);
        await app.AskAsync("Hello?");
        app.Services.GetRequiredService<TracerProvider>().ForceFlush(30_000);

        var request = Assert.Single(_directory.GetFiles("*.blob", SearchOption.AllDirectories));
        Assert.Contains("chat demo/llama", await File.ReadAllTextAsync(request.FullName, Limit.Token), StringComparison.Ordinal);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, request.UnixFileMode);
        }
    }

    [Fact]
    public async Task The_variables_say_it_too_as_configuration()
    {
        await using var app = await OtlpApp.StartAsync(settings: _ => new()
        {
            ["OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY"] = "disk",
            ["OTEL_DOTNET_EXPERIMENTAL_OTLP_DISK_RETRY_DIRECTORY_PATH"] = _directory.FullName,
        });
        await app.Receiver.StopAsync(Limit.Token);
        await app.AskAsync();
        app.Services.GetRequiredService<TracerProvider>().ForceFlush(30_000);

        Assert.Single(new DirectoryInfo(Path.Combine(_directory.FullName, "traces")).GetFiles("*.blob", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_directory_that_cannot_be_used_is_said_and_stops_nothing()
    {
        var file = Path.Combine(_directory.FullName, "file");
        await File.WriteAllTextAsync(file, "", Limit.Token);
        await using var app = await OtlpApp.StartAsync(options => options.SpoolDirectory = file);
        await app.AskAsync();

        Assert.Equal(2, (await app.FlushedSpansAsync(2)).Count);
        Assert.Contains(file, Assert.Single(app.Logs.Of(2015)).Message, StringComparison.Ordinal);
        var health = await app.ProbeAsync();
        Assert.Equal(HealthStatus.Degraded, health.Status);
        Assert.Contains(file, health.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_of_a_private_authority_holds_for_spans_and_for_the_probe()
    {
        using var key = ECDsa.Create();
        var request = new CertificateRequest("CN=127.0.0.1", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(System.Net.IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        using var own = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        var paths = new List<string>();
        await using var collector = await ServeAsync(own, paths);
        var pem = Path.Combine(_directory.FullName, "ca.pem");
        await File.WriteAllTextAsync(pem, own.ExportCertificatePem(), Limit.Token);
        var address = collector.Urls.First();

        await using var trusting = await OtlpApp.StartAsync(settings: _ => new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = address, ["OTEL_EXPORTER_OTLP_CERTIFICATE"] = pem });
        Assert.Equal(HealthStatus.Healthy, (await trusting.ProbeAsync()).Status);
        Assert.Equal(["/v1/traces"], paths);
        await trusting.AskAsync();
        Assert.True(trusting.Services.GetRequiredService<TracerProvider>().ForceFlush(30_000));
        Assert.Equal(["/v1/traces", "/v1/traces"], paths);

        await using var strict = await OtlpApp.StartAsync(settings: _ => new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = address });
        var health = await strict.ProbeAsync();
        Assert.Equal(HealthStatus.Unhealthy, health.Status);
        Assert.Contains("OTEL_EXPORTER_OTLP_CERTIFICATE", health.Description, StringComparison.Ordinal);
    }

    public void Dispose() => _directory.Delete(recursive: true);

    /// <summary>Takes anything, and remembers where it came.</summary>
    private static async Task<WebApplication> ServeAsync(X509Certificate2 certificate, List<string> paths)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(System.Net.IPAddress.Loopback, 0, listen => listen.UseHttps(certificate)));
        var app = builder.Build();
        app.Run(context =>
        {
            paths.Add(context.Request.Path);
            return Task.CompletedTask;
        });
        await app.StartAsync(Limit.Token);
        return app;
    }
}
