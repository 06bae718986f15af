using Microsoft.Extensions.Configuration;

namespace LlamaStack.Client;

/// <summary>Fills the options from the environment and, over it, from the configuration.</summary>
internal static class Settings
{
    /// <param name="options">The options to fill.</param>
    /// <param name="name">The server's name; the environment is for the unnamed one only, so that no server gets the key of another.</param>
    /// <param name="configuration">The application's configuration, with the environment in it; without one the environment itself is read.</param>
    public static void Read(LlamaStackClientOptions options, string name, IConfiguration? configuration)
    {
        if (name.Length == 0)
        {
            if (Variable("LLAMA_STACK_CLIENT_BASE_URL", configuration) is { } address)
            {
                options.Endpoint = Uri.TryCreate(address, UriKind.RelativeOrAbsolute, out var parsed) ? parsed : null;
            }

            options.ApiKey = Variable("LLAMA_STACK_CLIENT_API_KEY", configuration) ?? Variable("OGX_CLIENT_API_KEY", configuration);
        }

        configuration?.GetSection(LlamaStackClientOptions.Section(name)).Bind(options);
    }

    /// <summary>Takes a blank setting, as an unset variable of a compose file leaves it, for none.</summary>
    public static void DropBlanks(LlamaStackClientOptions options)
    {
        options.ApiKey = Filled(options.ApiKey);
        options.Model = Filled(options.Model);
        options.EmbeddingModel = Filled(options.EmbeddingModel);
        options.CertificateAuthorityFile = Filled(options.CertificateAuthorityFile);
    }

    private static string? Variable(string name, IConfiguration? configuration) =>
        Filled(configuration is null ? Environment.GetEnvironmentVariable(name) : configuration[name]);

    private static string? Filled(string? text) => string.IsNullOrWhiteSpace(text) ? null : text.Trim();
}
