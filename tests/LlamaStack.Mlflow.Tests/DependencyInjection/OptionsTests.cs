using LlamaStack.Instrumentation;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace LlamaStack.Mlflow.Tests.DependencyInjection;

public sealed class OptionsTests
{
    /// <summary>A variable, its value, the option of the section that goes before it, that option's value, and how to read it.</summary>
    public static TheoryData<string, string, string, string, Func<MlflowTracingOptions, object?>, object, object> Sources() => new()
    {
        { "MLFLOW_TRACKING_URI", "http://env:1/", "TrackingUri", "http://section:2/", options => options.TrackingUri?.ToString(), "http://env:1/", "http://section:2/" },
        { "MLFLOW_EXPERIMENT_NAME", "env", "ExperimentName", "section", options => options.ExperimentName, "env", "section" },
        { "MLFLOW_EXPERIMENT_ID", "1", "ExperimentId", "2", options => options.ExperimentId, "1", "2" },
        { "MLFLOW_TRACKING_USERNAME", "env", "Username", "section", options => options.Username, "env", "section" },
        { "MLFLOW_TRACKING_PASSWORD", "env", "Password", "section", options => options.Password, "env", "section" },
        { "MLFLOW_RUN_ID", "env", "RunId", "section", options => options.RunId, "env", "section" },
        { "MLFLOW_TRACKING_TOKEN", "env", "Token", "section", options => options.Token, "env", "section" },
        { "MLFLOW_WORKSPACE", "env", "Workspace", "section", options => options.Workspace, "env", "section" },
        { "MLFLOW_TRACKING_INSECURE_TLS", "true", "InsecureTls", "false", options => options.InsecureTls, true, false },
        { "MLFLOW_TRACE_SAMPLING_RATIO", "0.25", "SamplingRatio", "0.5", options => options.SamplingRatio, 0.25, 0.5 },
        { "MLFLOW_ENABLE_TRACING", "false", "Enabled", "true", options => options.Enabled, false, true },
        { "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "true", "ContentCapture", "None", options => options.ContentCapture, ContentCapture.Full, ContentCapture.None },
    };

    /// <summary>A setting, and what the message must name.</summary>
    public static TheoryData<string, Action<MlflowTracingOptions>, string[]> Mistakes() => new()
    {
        { "no address", options => options.TrackingUri = null, ["LlamaStack:Tracing:TrackingUri", "MLFLOW_TRACKING_URI", "LlamaStack:Tracing:Mode"] },
        { "a file", options => options.TrackingUri = new Uri("file:///data/mlruns"), ["LlamaStack:Tracing:TrackingUri", "MLFLOW_TRACKING_URI", "file:///data/mlruns"] },
        { "a folder", options => options.TrackingUri = new Uri("./mlruns", UriKind.RelativeOrAbsolute), ["LlamaStack:Tracing:TrackingUri", "./mlruns"] },
        { "a database", options => options.TrackingUri = new Uri("sqlite:///mlflow.db"), ["LlamaStack:Tracing:TrackingUri", "sqlite:///mlflow.db"] },
        { "no scheme", options => options.TrackingUri = new Uri("localhost:5000", UriKind.RelativeOrAbsolute), ["LlamaStack:Tracing:TrackingUri", "localhost:5000"] },
        { "Databricks", options => options.TrackingUri = new Uri("databricks", UriKind.RelativeOrAbsolute), ["Databricks", "MLFLOW_TRACKING_URI"] },
        { "a Databricks profile", options => options.TrackingUri = new Uri("databricks://profile"), ["Databricks", "MLFLOW_TRACKING_URI"] },
        { "a Databricks workspace", options => options.TrackingUri = new Uri("https://dbc-1.cloud.databricks.com"), ["Databricks", "MLFLOW_TRACKING_URI"] },
        { "a Databricks workspace on Azure", options => options.TrackingUri = new Uri("https://adb-1.2.azuredatabricks.net/"), ["Databricks", "MLFLOW_TRACKING_URI"] },
        { "no authorities", options => options.CertificateAuthorityFile = "/nowhere/ca.pem", ["LlamaStack:Tracing:CertificateAuthorityFile", "MLFLOW_TRACKING_SERVER_CERT_PATH", "/nowhere/ca.pem"] },
        { "any certificate and certain ones", options => (options.CertificateAuthorityFile, options.InsecureTls) = ("/nowhere/ca.pem", true), ["LlamaStack:Tracing:InsecureTls", "MLFLOW_TRACKING_INSECURE_TLS", "not both"] },
        { "no client certificate", options => options.ClientCertificateFile = "/nowhere/me.pfx", ["LlamaStack:Tracing:ClientCertificateFile", "MLFLOW_TRACKING_CLIENT_CERT_PATH", "/nowhere/me.pfx"] },
        { "a ratio above all", options => options.SamplingRatio = 1.5, ["LlamaStack:Tracing:SamplingRatio", "MLFLOW_TRACE_SAMPLING_RATIO"] },
        { "a ratio that is no number", options => options.SamplingRatio = double.NaN, ["LlamaStack:Tracing:SamplingRatio"] },
        { "a ratio of an operation", options => options.OperationSamplingRatios["chat"] = -1, ["LlamaStack:Tracing:OperationSamplingRatios:chat"] },
        { "no request at all", options => options.MaxConcurrentRequests = 0, ["LlamaStack:Tracing:MaxConcurrentRequests"] },
        { "a tiny spool", options => options.MaxSpoolBytes = 1, ["LlamaStack:Tracing:MaxSpoolBytes"] },
        { "no time in the spool", options => options.MaxSpoolAge = TimeSpan.Zero, ["LlamaStack:Tracing:MaxSpoolAge"] },
        { "half an address for traces", options => options.TracesEndpoint = new Uri("/v1/traces", UriKind.Relative), ["LlamaStack:Tracing:TracesEndpoint"] },
        { "an address for traces that is none", options => options.TracesEndpoint = new Uri("ftp://host/v1/traces"), ["LlamaStack:Tracing:TracesEndpoint"] },
        { "a price for no model", options => options.Prices.Add(new MlflowModelPrice()), ["LlamaStack:Tracing:Prices:0:Model"] },
        { "a price below nothing", options => options.Prices.Add(new MlflowModelPrice { Model = "m", OutputPerMillion = -1 }), ["LlamaStack:Tracing:Prices:0:OutputPerMillion"] },
        { "a price that is no number", options => options.Prices.Add(new MlflowModelPrice { Model = "m", CacheReadPerMillion = double.NaN }), ["LlamaStack:Tracing:Prices:0:CacheReadPerMillion"] },
        { "half an address of a proxy", options => options.Proxy = new Uri("//ann:planted@proxy", UriKind.RelativeOrAbsolute), ["LlamaStack:Tracing:Proxy"] },
        { "a name as id", options => options.ExperimentId = "my-experiment", ["LlamaStack:Tracing:ExperimentId", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME"] },
        { "a long name", options => options.ExperimentName = new string('x', 501), ["LlamaStack:Tracing:ExperimentName", "MLFLOW_EXPERIMENT_NAME"] },
        { "a password alone", options => options.Password = "pw", ["LlamaStack:Tracing:Username", "MLFLOW_TRACKING_USERNAME"] },
        { "too short an interval", options => options.ExportInterval = TimeSpan.FromMilliseconds(9), ["LlamaStack:Tracing:ExportInterval"] },
        { "too long an interval", options => options.ExportInterval = TimeSpan.FromMinutes(2), ["LlamaStack:Tracing:ExportInterval"] },
        { "too short a timeout", options => options.ExportTimeout = TimeSpan.FromSeconds(29), ["LlamaStack:Tracing:ExportTimeout"] },
        { "negative retries", options => options.MaxRetryDuration = TimeSpan.FromSeconds(-1), ["LlamaStack:Tracing:MaxRetryDuration"] },
        { "a negative end", options => options.ShutdownTimeout = TimeSpan.FromSeconds(-1), ["LlamaStack:Tracing:ShutdownTimeout"] },
        { "no time for a trace", options => options.MaxTraceDuration = TimeSpan.Zero, ["LlamaStack:Tracing:MaxTraceDuration"] },
        { "nothing that redacts", options => options.ContentCapture = LlamaStack.Instrumentation.ContentCapture.Redacted, ["MlflowTracingOptions.Redact", "LlamaStack:Tracing:ContentCapture"] },
        { "no room for content", options => options.MaxContentLength = 5, ["LlamaStack:Tracing:MaxContentLength"] },
        { "no time between probes", options => options.HealthProbeInterval = TimeSpan.Zero, ["LlamaStack:Tracing:HealthProbeInterval"] },
        { "empty batches", options => options.MaxBatchTraces = 0, ["LlamaStack:Tracing:MaxBatchTraces", "from 1 to 1000"] },
        { "huge batches", options => options.MaxBatchTraces = 1001, ["LlamaStack:Tracing:MaxBatchTraces"] },
        { "no queue", options => options.MaxQueuedTraces = 0, ["LlamaStack:Tracing:MaxQueuedTraces"] },
        { "a tiny queue", options => options.MaxQueuedBytes = 1000, ["LlamaStack:Tracing:MaxQueuedBytes"] },
    };

    [Theory]
    [MemberData(nameof(Sources), DisableDiscoveryEnumeration = true)]
    public void A_variable_goes_before_the_default_and_the_section_before_the_variable(
        string variable, string value, string key, string sectionValue, Func<MlflowTracingOptions, object?> read, object fromVariable, object fromSection)
    {
        Assert.Equal(fromVariable, read(Read(new() { [variable] = value })));
        Assert.Equal(fromSection, read(Read(new() { [variable] = value, [$"LlamaStack:Tracing:{key}"] = sectionValue })));
        Assert.Equal(fromSection, read(Read(new() { [$"LlamaStack:Tracing:{key}"] = sectionValue })));

        // An empty variable is as good as none.
        Assert.Equal(read(Read([])), read(Read(new() { [variable] = "" })));
    }

    [Fact]
    public void Certificates_come_from_MLflows_own_variables()
    {
        var options = new MlflowTracingOptions();

        EnvironmentSettings.Apply(options, new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["MLFLOW_TRACKING_SERVER_CERT_PATH"] = "ca.pem",
            ["MLFLOW_TRACKING_CLIENT_CERT_PATH"] = "me.pem",
            ["LlamaStack:Tracing:OperationSamplingRatios:embeddings"] = "0.1",
        }).Build());

        Assert.Equal(("ca.pem", "me.pem", 0.1), (options.CertificateAuthorityFile, options.ClientCertificateFile, options.OperationSamplingRatios["Embeddings"]));
    }

    [Fact]
    public void Code_goes_before_all()
    {
        var options = Read(
            new() { ["MLFLOW_EXPERIMENT_NAME"] = "variable", ["LlamaStack:Tracing:ExperimentName"] = "section", ["LlamaStack:Tracing:MaxBatchTraces"] = "7" },
            code => code.ExperimentName = "code");

        Assert.Equal("code", options.ExperimentName);
        Assert.Equal(7, options.MaxBatchTraces);
    }

    [Fact]
    public void Code_sees_what_configuration_said() =>
        Assert.Equal("section!", Read(new() { ["LlamaStack:Tracing:ExperimentName"] = "section" }, code => code.ExperimentName += "!").ExperimentName);

    [Theory]
    [InlineData(false, null, TracingMode.Mlflow)]
    [InlineData(true, null, TracingMode.Otlp)]
    [InlineData(false, "Otlp", TracingMode.Otlp)]
    [InlineData(true, "mlflow", TracingMode.Mlflow)]
    public void The_mode_may_come_from_configuration(bool otlp, string? configured, TracingMode mode)
    {
        var builder = RegistrationTests.NewHost(configured is null ? [] : new() { ["LlamaStack:Tracing:Mode"] = configured, ["MLFLOW_TRACKING_URI"] = "http://localhost:5000" });
        var llamaStack = builder.Services.AddLlamaStack();
        _ = otlp ? llamaStack.WithOtlpTracing() : llamaStack.WithMlflowTracing(options => options.TrackingUri ??= new Uri("http://localhost:5000"));
        using var host = builder.Build();

        Assert.Equal(mode, host.Services.GetRequiredService<IOptions<MlflowTracingOptions>>().Value.Mode);
    }

    [Theory]
    [InlineData("true", ContentCapture.Full)]
    [InlineData("span_only", ContentCapture.Full)]
    [InlineData("SPAN_AND_EVENT", ContentCapture.Full)]
    [InlineData("false", ContentCapture.None)]
    [InlineData("no_content", ContentCapture.None)]
    [InlineData("event_only", ContentCapture.None)]
    [InlineData("nonsense", null)]
    public void OpenTelemetrys_own_switch_of_content_is_understood(string value, ContentCapture? expected) =>
        Assert.Equal(expected, Read(new() { ["OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"] = value }).ContentCapture);

    [Theory]
    [InlineData("true", true)]
    [InlineData("TRUE", true)]
    [InlineData("1", true)]
    [InlineData("false", false)]
    [InlineData("False", false)]
    [InlineData("0", false)]
    public void Truth_is_written_as_Python_writes_it(string value, bool expected) =>
        Assert.Equal(expected, Read(new() { ["MLFLOW_ENABLE_TRACING"] = value }).Enabled);

    [Theory]
    [MemberData(nameof(Mistakes), DisableDiscoveryEnumeration = true)]
    public async Task A_mistake_stops_the_host_with_words_that_name_the_setting(string mistake, Action<MlflowTracingOptions> make, string[] named)
    {
        var builder = RegistrationTests.NewHost();
        builder.Services.AddLlamaStack().WithMlflowTracing(options =>
        {
            options.TrackingUri = new Uri("http://localhost:5000");
            make(options);
        });
        using var host = builder.Build();

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Limit.Token));

        Assert.All(named, name => Assert.Contains(name, failure.Message, StringComparison.Ordinal));
        Assert.NotEmpty(mistake);
    }

    [Fact]
    public void All_mistakes_are_told_at_once()
    {
        var result = new MlflowTracingOptionsRules().Validate(null, new MlflowTracingOptions { MaxBatchTraces = 0, MaxQueuedTraces = 0 });

        Assert.Equal(3, result.Failures!.Count());
    }

    [Fact]
    public void Limits_themselves_are_allowed() => Assert.True(new MlflowTracingOptionsRules().Validate(null, new MlflowTracingOptions
    {
        TrackingUri = new Uri("https://mlflow.example/prefix"),
        TracesEndpoint = new Uri("https://proxy.example/otel"),
        ExperimentName = new string('x', 500),
        ExperimentId = "007",
        ExportInterval = TimeSpan.FromMilliseconds(10),
        ExportTimeout = TimeSpan.FromSeconds(30),
        MaxRetryDuration = TimeSpan.Zero,
        ShutdownTimeout = TimeSpan.Zero,
        MaxTraceDuration = TimeSpan.FromSeconds(1),
        HealthProbeInterval = TimeSpan.FromSeconds(1),
        MaxBatchTraces = 1000,
        MaxQueuedTraces = 1,
        MaxQueuedBytes = 1024 * 1024,
    }).Succeeded);

    [Theory]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public void What_MLflow_needs_is_not_asked_for_where_it_is_not_called(bool off, bool otlp) => Assert.True(new MlflowTracingOptionsRules().Validate(
        null, new MlflowTracingOptions { Enabled = !off, Mode = otlp ? TracingMode.Otlp : TracingMode.Mlflow, TrackingUri = null }).Succeeded);

    [Theory]
    [InlineData("LlamaStack:Tracing:Mode", "Sideways")]
    [InlineData("LlamaStack:Tracing:ExportInterval", "soon")]
    [InlineData("LlamaStack:Tracing:MaxBatchTraces", "many")]
    public void A_value_that_cannot_be_read_names_its_key(string key, string value)
    {
        var failure = Assert.ThrowsAny<InvalidOperationException>(() => Read(new() { [key] = value }));

        Assert.Contains(key, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Prices_are_read_from_configuration()
    {
        var price = Assert.Single(Read(new() { ["LlamaStack:Tracing:Prices:0:Model"] = "llama3.2:3b", ["LlamaStack:Tracing:Prices:0:InputPerMillion"] = "0.5", ["LlamaStack:Tracing:Prices:0:CacheReadPerMillion"] = "0.05" }).Prices);

        Assert.Equal(("llama3.2:3b", 0.5, 0, 0.05, null), (price.Model, price.InputPerMillion, price.OutputPerMillion, price.CacheReadPerMillion, price.CacheWritePerMillion));
    }

    [Fact]
    public void Defaults_are_those_of_the_documentation()
    {
        var options = new MlflowTracingOptions();

        Assert.Equal(TracingMode.Mlflow, options.Mode);
        Assert.True(options.Enabled);
        Assert.Equal(ContentCapture.Full, options.EffectiveContentCapture);
        Assert.False(options.EffectiveIncludeHttpSpans);
        Assert.Equal((TimeSpan.FromSeconds(1), 100, 2000, 64L * 1024 * 1024), (options.ExportInterval, options.MaxBatchTraces, options.MaxQueuedTraces, options.MaxQueuedBytes));
        Assert.Equal((TimeSpan.FromSeconds(60), TimeSpan.FromMinutes(10), TimeSpan.FromSeconds(5)), (options.ExportTimeout, options.MaxRetryDuration, options.ShutdownTimeout));
        options.Mode = TracingMode.Otlp;
        Assert.Equal(ContentCapture.None, options.EffectiveContentCapture);
        Assert.True(options.EffectiveIncludeHttpSpans);
    }

    private static MlflowTracingOptions Read(Dictionary<string, string?> configuration, Action<MlflowTracingOptions>? code = null)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>(configuration)
        {
            // Not the address that is being tested, and no mistake either.
            ["LlamaStack:Tracing:HealthProbeInterval"] = "00:00:30",
        }).Build());
        services.AddLlamaStack().WithMlflowTracing(code);
        using var provider = services.BuildServiceProvider();
        var options = new MlflowTracingOptions();
        foreach (var configure in provider.GetServices<IConfigureOptions<MlflowTracingOptions>>())
        {
            configure.Configure(options);
        }

        return options;
    }
}
