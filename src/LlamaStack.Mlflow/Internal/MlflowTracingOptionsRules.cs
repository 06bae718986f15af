using System.Globalization;
using System.Security.Cryptography;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.Options;

namespace LlamaStack.Mlflow;

/// <summary>What the options must be for traces to arrive; each message says what to set, and where.</summary>
internal sealed class MlflowTracingOptionsRules : IValidateOptions<MlflowTracingOptions>
{
    private const string Address = "LlamaStack:Tracing:TrackingUri or MLFLOW_TRACKING_URI";

    public ValidateOptionsResult Validate(string? name, MlflowTracingOptions options)
    {
        if (!options.IsActive)
        {
            return ValidateOptionsResult.Success;
        }

        List<string> failures = [];
        if (options.Mode is TracingMode.Mlflow)
        {
            Mlflow(options, failures);
        }

        if (options is { ContentCapture: ContentCapture.Redacted, Redact: null })
        {
            failures.Add("ContentCapture is Redacted, but there is nothing that redacts. Set MlflowTracingOptions.Redact in code, or LlamaStack:Tracing:ContentCapture to None or Full.");
        }

        Range(failures, options.MaxContentLength, nameof(options.MaxContentLength), 1024, 32 * 1024 * 1024);
        Range(failures, options.ExportInterval, nameof(options.ExportInterval), TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(1));
        Range(failures, options.ExportTimeout, nameof(options.ExportTimeout), TimeSpan.FromSeconds(30), TimeSpan.FromHours(1));
        Range(failures, options.MaxRetryDuration, nameof(options.MaxRetryDuration), TimeSpan.Zero, TimeSpan.FromDays(1));
        Range(failures, options.ShutdownTimeout, nameof(options.ShutdownTimeout), TimeSpan.Zero, TimeSpan.FromHours(1));
        Range(failures, options.MaxTraceDuration, nameof(options.MaxTraceDuration), TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Range(failures, options.HealthProbeInterval, nameof(options.HealthProbeInterval), TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        Range(failures, options.MaxBatchTraces, nameof(options.MaxBatchTraces), 1, 1000);
        Range(failures, options.MaxQueuedTraces, nameof(options.MaxQueuedTraces), 1, 1_000_000);
        Range(failures, options.MaxConcurrentRequests, nameof(options.MaxConcurrentRequests), 1, 64);
        Range(failures, options.MaxSpoolBytes, nameof(options.MaxSpoolBytes), 1024 * 1024, long.MaxValue);
        Range(failures, options.MaxSpoolAge, nameof(options.MaxSpoolAge), TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650));
        Range(failures, options.SamplingRatio, $"{nameof(options.SamplingRatio)} (MLFLOW_TRACE_SAMPLING_RATIO)", 0, 1);
        foreach (var (operation, ratio) in options.OperationSamplingRatios)
        {
            Range(failures, ratio, $"{nameof(options.OperationSamplingRatios)}:{operation}", 0, 1);
        }

        for (var number = 0; number < options.Prices.Count; number++)
        {
            Price(failures, options.Prices[number], string.Create(CultureInfo.InvariantCulture, $"{nameof(options.Prices)}:{number}"));
        }

        Range(failures, options.MaxQueuedBytes, nameof(options.MaxQueuedBytes), 1024 * 1024, long.MaxValue);
        return failures.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(failures);
    }

    private static void Price(List<string> failures, MlflowModelPrice price, string name)
    {
        if (string.IsNullOrWhiteSpace(price.Model))
        {
            failures.Add($"LlamaStack:Tracing:{name}:{nameof(price.Model)} is missing: a price is for a model, for example openai/gpt-4o, or openai/* for all of a provider.");
        }

        const double Most = 1_000_000;
        Range(failures, price.InputPerMillion, $"{name}:{nameof(price.InputPerMillion)}", 0, Most);
        Range(failures, price.OutputPerMillion, $"{name}:{nameof(price.OutputPerMillion)}", 0, Most);
        Range(failures, price.CacheReadPerMillion ?? 0, $"{name}:{nameof(price.CacheReadPerMillion)}", 0, Most);
        Range(failures, price.CacheWritePerMillion ?? 0, $"{name}:{nameof(price.CacheWritePerMillion)}", 0, Most);
    }

    private static void Mlflow(MlflowTracingOptions options, List<string> failures)
    {
        if (options.TrackingUri is null)
        {
            failures.Add($"MLflow mode needs the server's address. Set {Address}, for example to http://localhost:5000, or choose Mode = Otlp (LlamaStack:Tracing:Mode).");
        }
        else if (IsDatabricks(options.TrackingUri))
        {
            failures.Add($"MLflow on Databricks is not supported: it takes traces in another form. Set {Address} to the http(s) address of an MLflow tracking server.");
        }
        else if (options.TrackingUri is not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            failures.Add($"{Address} is \"{Addresses.Shown(options.TrackingUri)}\": it must be the http(s) address of an MLflow tracking server, for example http://localhost:5000. Files and databases cannot take traces from .NET.");
        }

        if (options.TracesEndpoint is not null and not { IsAbsoluteUri: true, Scheme: "http" or "https" })
        {
            failures.Add($"LlamaStack:Tracing:TracesEndpoint is \"{Addresses.Shown(options.TracesEndpoint)}\": it must be a whole http(s) address, for example http://localhost:5000/v1/traces.");
        }

        if (options.Proxy is not null and not { IsAbsoluteUri: true, Scheme: "http" or "https" or "socks5" })
        {
            failures.Add($"LlamaStack:Tracing:Proxy is \"{Addresses.Shown(options.Proxy)}\": it must be the whole address of a proxy, for example http://proxy.example:3128.");
        }

        if (options.ExperimentId is { Length: > 0 } id && id.AsSpan().ContainsAnyExceptInRange('0', '9'))
        {
            failures.Add($"LlamaStack:Tracing:ExperimentId or MLFLOW_EXPERIMENT_ID is \"{id}\": it must be a number. An experiment's name goes into LlamaStack:Tracing:ExperimentName or MLFLOW_EXPERIMENT_NAME.");
        }

        if (options.ExperimentName is { Length: > 500 })
        {
            failures.Add("LlamaStack:Tracing:ExperimentName or MLFLOW_EXPERIMENT_NAME is longer than 500 characters.");
        }

        Certificates(options, failures);
        if (!string.IsNullOrEmpty(options.Password) && string.IsNullOrEmpty(options.Username))
        {
            failures.Add("A password without a user: set LlamaStack:Tracing:Username or MLFLOW_TRACKING_USERNAME, too.");
        }
    }

    /// <summary>A profile, or a workspace's address on one of the three clouds.</summary>
    private static bool IsDatabricks(Uri address) =>
        address.OriginalString.StartsWith("databricks", StringComparison.OrdinalIgnoreCase)
        || (address.IsAbsoluteUri && (IsBelow(address, "databricks.com") || IsBelow(address, "databricks.us") || IsBelow(address, "azuredatabricks.net") || IsBelow(address, "databricks.azure.cn")));

    private static bool IsBelow(Uri address, string domain) => $".{address.Host}".EndsWith($".{domain}", StringComparison.OrdinalIgnoreCase);

    private static void Certificates(MlflowTracingOptions options, List<string> failures)
    {
        if (options.CertificateAuthorityFile is { Length: > 0 } authorities)
        {
            if (options.InsecureTls)
            {
                failures.Add("Both certain certificates and any are asked for. Set LlamaStack:Tracing:CertificateAuthorityFile (MLFLOW_TRACKING_SERVER_CERT_PATH) or LlamaStack:Tracing:InsecureTls (MLFLOW_TRACKING_INSECURE_TLS), not both.");
            }

            Readable(failures, "LlamaStack:Tracing:CertificateAuthorityFile or MLFLOW_TRACKING_SERVER_CERT_PATH", authorities, "a PEM file with certificates", () => MlflowCertificates.Authorities(authorities).Count);
        }

        if (options.ClientCertificateFile is { Length: > 0 } file)
        {
            Readable(
                failures, "LlamaStack:Tracing:ClientCertificateFile or MLFLOW_TRACKING_CLIENT_CERT_PATH", file, "a certificate with its key, PEM or PKCS#12; the key may stand in ClientCertificateKeyFile, its password in ClientCertificatePassword",
                () => MlflowCertificates.Client(options) is { HasPrivateKey: true } ? 1 : 0);
        }
    }

    private static void Readable(List<string> failures, string setting, string file, string expected, Func<int> count)
    {
        string? reason = null;
        try
        {
            reason = count() > 0 ? null : "nothing of the kind is in it";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or CryptographicException)
        {
            reason = e.Message;
        }

        if (reason is not null)
        {
            failures.Add($"{setting} is \"{file}\", which cannot be used ({reason}): it must be {expected}.");
        }
    }

    private static void Range<T>(List<string> failures, T value, string name, T least, T most)
        where T : IComparable<T>
    {
        // What is no number is less than any.
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
        {
            failures.Add(string.Create(CultureInfo.InvariantCulture, $"LlamaStack:Tracing:{name} is {value}: it must be from {least} to {most}."));
        }
    }
}
