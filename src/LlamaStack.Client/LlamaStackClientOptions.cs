using System.ComponentModel.DataAnnotations;
using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;

namespace LlamaStack.Client;

/// <summary>How to reach a LlamaStack server.</summary>
/// <remarks>Read once, when the client is first used. Precedence: code, the configuration section, the environment, the default. The environment
/// variables are read through <c>IConfiguration</c> if one is registered, and only for the unnamed server: the key of one server is never sent
/// to another. The section of a server named <c>x</c> is <c>LlamaStack:Servers:x</c>.</remarks>
public sealed class LlamaStackClientOptions
{
    /// <summary>The configuration section of the unnamed server.</summary>
    public const string SectionName = "LlamaStack";

    /// <summary>Gets or sets the server's address, with or without a trailing slash and with or without <c>/v1</c>; any other path is kept.</summary>
    /// <value>Defaults to <c>http://localhost:8321</c>. Environment: <c>LLAMA_STACK_CLIENT_BASE_URL</c>.</value>
    [Required(ErrorMessage = "The server's address is missing. Set LlamaStack:Endpoint or LLAMA_STACK_CLIENT_BASE_URL, for instance to http://localhost:8321.")]
    public Uri? Endpoint { get; set; } = DefaultEndpoint;

    /// <summary>Gets or sets the key sent as <c>Authorization: Bearer</c>.</summary>
    /// <value>Defaults to none. Environment: <c>LLAMA_STACK_CLIENT_API_KEY</c>, else <c>OGX_CLIENT_API_KEY</c>.</value>
    [JsonIgnore]
    public string? ApiKey { get; set; }

    /// <summary>Gets or sets the model of an <c>IChatClient</c> whose call names none.</summary>
    /// <value>Defaults to the first language model that the server lists, asked for once, on the first such call.</value>
    public string? Model { get; set; }

    /// <summary>Gets or sets the model of an <c>IEmbeddingGenerator</c> whose call names none.</summary>
    /// <value>Defaults to the first embedding model that the server lists, asked for once, on the first such call.</value>
    public string? EmbeddingModel { get; set; }

    /// <summary>Gets or sets how long the server may take: to the end of a plain answer, to the headers of a streamed one.</summary>
    /// <value>Defaults to 5 minutes; more than zero, or <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>.</value>
    /// <remarks>The server retries its model provider itself, twice, before it answers: a short timeout cuts that off.</remarks>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Gets or sets the longest silence within a streamed answer, the wait for its first event included.</summary>
    /// <value>Defaults to 2 minutes; more than zero, or <see cref="System.Threading.Timeout.InfiniteTimeSpan"/>.</value>
    /// <remarks>The server sends no keep-alives; while a tool runs on the server, its stream is silent.</remarks>
    public TimeSpan StreamIdleTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Gets keys of model providers sent with each call, such as <c>openai_api_key</c>; they replace those of the server.</summary>
    /// <value>Defaults to none. Sent as JSON in the headers <c>X-OGX-Provider-Data</c> and <c>X-LlamaStack-Provider-Data</c> (servers up to 0.7).</value>
    [JsonIgnore]
    public IDictionary<string, string> ProviderData { get; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Gets or sets a PEM file with the certificate authorities, or the self-signed certificate, that the server's certificate must come from.</summary>
    /// <value>Defaults to none: the machine's own authorities are trusted. With a file, only those in it are.</value>
    public string? CertificateAuthorityFile { get; set; }

    /// <summary>Gets or sets whether any server certificate is accepted, for development.</summary>
    /// <value>Defaults to <see langword="false"/>. Cannot be combined with <see cref="CertificateAuthorityFile"/>.</value>
    public bool AcceptAnyServerCertificate { get; set; }

    internal static Uri DefaultEndpoint { get; } = new("http://localhost:8321");

    /// <summary>Describes the settings without their secrets.</summary>
    /// <returns>The address and the models.</returns>
    public override string ToString() =>
        $"{nameof(LlamaStackClientOptions)} {{ Endpoint = {Endpoint}, Model = {Model}, EmbeddingModel = {EmbeddingModel} }}";

    /// <summary>The configuration section of a server; an empty name is the unnamed one.</summary>
    internal static string Section(string? name) => string.IsNullOrEmpty(name) ? SectionName : $"{SectionName}:Servers:{name}";
}

[OptionsValidator]
internal sealed partial class LlamaStackClientOptionsValidator : IValidateOptions<LlamaStackClientOptions>;

internal sealed class LlamaStackClientOptionsRules : IValidateOptions<LlamaStackClientOptions>
{
    private const string Range = "to more than zero and at most 24 days, or to -00:00:00.0010000 for none";

    public ValidateOptionsResult Validate(string? name, LlamaStackClientOptions options)
    {
        var section = LlamaStackClientOptions.Section(name);
        var unnamed = string.IsNullOrEmpty(name);
        var address = $"Set {section}:Endpoint{(unnamed ? " or LLAMA_STACK_CLIENT_BASE_URL" : "")}";
        var result = new ValidateOptionsResultBuilder();

        switch (options.Endpoint)
        {
            case null:
                break;
            case { IsAbsoluteUri: false } or { Scheme: not ("http" or "https") }:
                result.AddError($"The server's address is not an http or https address. {address}, for instance to http://localhost:8321.");
                break;
            case { UserInfo.Length: > 0 } or { Query.Length: > 0 } or { Fragment.Length: > 0 }:
                result.AddError($"The server's address holds credentials, a query or a fragment. {address} without them; a key belongs in {section}:ApiKey.");
                break;
        }

        if (options.ApiKey is { } key && key.AsSpan().ContainsAnyExceptInRange('!', '~'))
        {
            var variables = unnamed ? ", LLAMA_STACK_CLIENT_API_KEY or OGX_CLIENT_API_KEY" : "";
            result.AddError($"The API key holds blanks or characters that no header can carry. Set {section}:ApiKey{variables} to the bare key.");
        }

        if (!IsTimeout(options.Timeout))
        {
            result.AddError($"The timeout is out of range. Set {section}:Timeout {Range}.");
        }

        if (!IsTimeout(options.StreamIdleTimeout))
        {
            result.AddError($"The timeout of a silent stream is out of range. Set {section}:StreamIdleTimeout {Range}.");
        }

        if (options.CertificateAuthorityFile is { } file)
        {
            if (!HoldsCertificates(file))
            {
                result.AddError($"There is no file '{file}', or no certificate in it. Set {section}:CertificateAuthorityFile to a PEM file with certificates.");
            }

            if (options.AcceptAnyServerCertificate)
            {
                result.AddError(
                    $"Both certain certificates and any are asked for. Set {section}:CertificateAuthorityFile or {section}:AcceptAnyServerCertificate, not both.");
            }
        }

        return result.Build();
    }

    /// <summary>Whether a timer can wait that long.</summary>
    private static bool IsTimeout(TimeSpan timeout) =>
        timeout == Timeout.InfiniteTimeSpan || (timeout > TimeSpan.Zero && timeout.TotalMilliseconds <= int.MaxValue);

    private static bool HoldsCertificates(string file)
    {
        try
        {
            return ServerHttp.ReadCertificates(file).Count > 0;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or CryptographicException)
        {
            return false;
        }
    }
}
