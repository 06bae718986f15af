using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using OpenTelemetry.Exporter;

namespace LlamaStack.Mlflow.Tests.Otlp;

[Collection(nameof(Alone))]
public sealed class OtlpSettingsTests
{
    [Theory]
    [InlineData("http/protobuf", null, null, "http://localhost:4318/v1/traces")]
    [InlineData("http/protobuf", "http://general:1", null, "http://general:1/v1/traces")]
    [InlineData("http/protobuf", "http://general:1/base/", null, "http://general:1/base/v1/traces")]
    [InlineData("http/protobuf", "http://general:1", "http://traces:2/as/it/is", "http://traces:2/as/it/is")]
    [InlineData("http/protobuf", null, "https://traces:2/", "https://traces:2/")]
    [InlineData("grpc", null, null, "http://localhost:4317/")]
    [InlineData("grpc", "http://general:1", null, "http://general:1/")]
    [InlineData("grpc", "http://general:1", "http://traces:2", "http://traces:2/")]
    public void An_endpoint_of_traces_alone_is_taken_as_it_is_and_the_general_one_gets_its_path(string protocol, string? general, string? traces, string expected)
    {
        using (new Variables(("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_EXPORTER_OTLP_ENDPOINT", general), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", traces)))
        {
            Assert.Equal(expected, Traces().Endpoint.AbsoluteUri);
        }

        Assert.Equal(expected, Traces(("OTEL_EXPORTER_OTLP_PROTOCOL", protocol), ("OTEL_EXPORTER_OTLP_ENDPOINT", general), ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", traces)).Endpoint.AbsoluteUri);
    }

    [Fact]
    public void Settings_of_traces_alone_go_before_the_general_ones()
    {
        using var variables = new Variables(
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"), ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1"), ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "b=2"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000"), ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "2000"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"), ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip"));

        var settings = Traces();

        Assert.Equal((OtlpExportProtocol.HttpProtobuf, "b=2", 2000, OtlpExportCompression.GZip), (settings.Protocol, settings.Headers, settings.TimeoutMilliseconds, settings.Compression));
    }

    [Fact]
    public void General_settings_hold_where_traces_have_none()
    {
        using var variables = new Variables(
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_EXPORTER_OTLP_HEADERS", "a=1"), ("OTEL_EXPORTER_OTLP_TIMEOUT", "1000"), ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"));

        var settings = Traces();

        Assert.Equal((OtlpExportProtocol.HttpProtobuf, "a=1", 1000, OtlpExportCompression.GZip), (settings.Protocol, settings.Headers, settings.TimeoutMilliseconds, settings.Compression));
    }

    [Fact]
    public void Configuration_goes_before_the_environment()
    {
        using var variables = new Variables(("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "env=1"));

        Assert.Equal("section=2", Traces(("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "section=2")).Headers);
    }

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL", "tcp")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "localhost:4318")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "/v1/traces")]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "soon")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT", "-1")]
    [InlineData("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd")]
    public void A_value_that_cannot_be_read_names_its_setting(string name, string value) =>
        Assert.Contains(name, Assert.Throws<InvalidOperationException>(() => Traces((name, value))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task The_variables_of_the_environment_are_those_that_spans_follow()
    {
        await using var other = await Testing.OtlpTestServer.StartAsync(cancellationToken: Limit.Token);
        using var variables = new Variables(("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", $"{other.Endpoint}v1/traces"), ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "gzip"));
        await using var app = await OtlpApp.StartAsync();

        await app.AskAsync();
        await app.FlushedSpansAsync(0);

        await other.WaitForSpansAsync(2, cancellationToken: Limit.Token);
        Assert.Empty(app.Receiver.Spans);
        Assert.Equal("gzip", other.Requests[0].Headers["Content-Encoding"]);
    }

    [Fact]
    public void Metrics_have_a_path_and_settings_of_their_own()
    {
        var settings = Settings(OtlpSettings.OfMetrics, null, ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://general:1"), ("OTEL_EXPORTER_OTLP_METRICS_HEADERS", "m=1"), ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "t=1"));

        Assert.Equal(("http://general:1/v1/metrics", "m=1"), (settings.Endpoint.AbsoluteUri, settings.Headers));
    }

    [Fact]
    public void Code_goes_before_all_by_the_options_names()
    {
        var settings = Settings(
            OtlpSettings.OfTraces,
            services => services.Configure<OtlpExporterOptions>("LlamaStack.Traces", options => options.Endpoint = new Uri("https://code:3/v1/traces")),
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://traces:2"));

        Assert.Equal("https://code:3/v1/traces", settings.Endpoint.AbsoluteUri);
    }

    private static OtlpExporterOptions Traces(params IEnumerable<(string Name, string? Value)> settings) => Settings(OtlpSettings.OfTraces, null, settings);

    private static OtlpExporterOptions Settings(string name, Action<IServiceCollection>? code, params IEnumerable<(string Name, string? Value)> settings)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(
            new ConfigurationBuilder().AddInMemoryCollection(settings.Where(setting => setting.Value is not null).Select(setting => KeyValuePair.Create(setting.Name, setting.Value))).Build());
        OtlpSettings.Add(services);
        code?.Invoke(services);
        using var provider = services.BuildServiceProvider();
        return OtlpSettings.Of(provider, name);
    }
}
