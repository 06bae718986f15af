using System.Diagnostics;
using System.Net;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace LlamaStack.Client.Tests;

public sealed class RegistrationTests
{
    [Fact]
    public void Everything_is_registered_once_however_often_it_is_asked_for()
    {
        var services = new ServiceCollection();
        var first = services.AddLlamaStack();
        var second = services.AddLlamaStack(options => options.Model = "m");
        using var provider = Build(services);

        Assert.Equal((Options.DefaultName, services), (first.Name, first.Services));
        Assert.Equal(first.Http.Name, second.Http.Name);
        Assert.Single(provider.GetServices<LlamaStackClient>());
        Assert.Single(provider.GetServices<IChatClient>());
        Assert.Single(provider.GetServices<IEmbeddingGenerator<string, Embedding<float>>>());
        Assert.NotSame(provider.GetRequiredService<LlamaStackClient>(), provider.GetRequiredService<LlamaStackClient>());
        Assert.Same(provider.GetRequiredService<IChatClient>(), provider.GetRequiredService<IChatClient>());
        Assert.Equal("m", provider.GetRequiredService<IChatClient>().GetService<ChatClientMetadata>()!.DefaultModelId);
    }

    [Fact]
    public void Several_servers_are_told_apart_by_name()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["LLAMA_STACK_CLIENT_BASE_URL"] = "http://environment.test",
            ["LLAMA_STACK_CLIENT_API_KEY"] = "environment-key",
            ["LlamaStack:Endpoint"] = "http://main.test",
            ["LlamaStack:Servers:gpu:Endpoint"] = "http://gpu.test/",
            ["LlamaStack:Servers:gpu:Model"] = "vllm/big",
        }).Build());
        services.AddLlamaStack();
        services.AddLlamaStack("gpu");
        services.AddLlamaStack("gpu", options => options.EmbeddingModel = "vllm/embed");
        services.AddLlamaStack("edge", options => options.Endpoint = new Uri("http://edge.test"));
        using var provider = Build(services);

        Assert.Equal("http://main.test/v1/", provider.GetRequiredService<LlamaStackClient>().Endpoint.AbsoluteUri);
        Assert.Equal("http://gpu.test/v1/", provider.GetRequiredKeyedService<LlamaStackClient>("gpu").Endpoint.AbsoluteUri);
        Assert.Equal("http://edge.test/v1/", provider.GetRequiredKeyedService<LlamaStackClient>("edge").Endpoint.AbsoluteUri);
        Assert.Equal("vllm/big", provider.GetRequiredKeyedService<IChatClient>("gpu").GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Equal("vllm/embed", provider.GetRequiredKeyedService<IEmbeddingGenerator<string, Embedding<float>>>("gpu").GetService<EmbeddingGeneratorMetadata>()!.DefaultModelId);
        Assert.Single(provider.GetKeyedServices<IChatClient>("gpu"));

        var options = provider.GetRequiredService<IOptionsMonitor<LlamaStackClientOptions>>();
        Assert.Equal("environment-key", options.CurrentValue.ApiKey);
        Assert.Null(options.Get("gpu").ApiKey);
    }

    [Fact]
    public void The_applications_own_clients_win()
    {
        using var before = new StubServer().Client().AsIChatClient();
        using var after = new StubServer().Client().AsIChatClient();
        Assert.Same(before, Build(new ServiceCollection().AddSingleton(before).AddLlamaStack().Services).GetRequiredService<IChatClient>());
        Assert.Same(after, Build(new ServiceCollection().AddLlamaStack().Services.AddSingleton(after)).GetRequiredService<IChatClient>());
    }

    [Fact]
    public async Task The_builder_opens_the_pipeline()
    {
        var server = new StubServer().File("llamastack-live/admin/health.response.json");
        var services = new ServiceCollection();
        services.AddLlamaStack(options => options.Endpoint = new Uri("http://llama.test")).Http.ConfigurePrimaryHttpMessageHandler(() => server);
        using var provider = Build(services);
        await provider.GetRequiredService<LlamaStackClient>().GetHealthAsync(Ct);
        Assert.Equal("http://llama.test/v1/health", server.Calls.Single().Message.RequestUri!.AbsoluteUri);
    }

    [Theory]
    [InlineData("http://code.test", "http://section.test", "http://environment.test", "http://code.test/v1/")]
    [InlineData(null, "http://section.test", "http://environment.test", "http://section.test/v1/")]
    [InlineData(null, null, "http://environment.test", "http://environment.test/v1/")]
    [InlineData(null, null, null, "http://localhost:8321/v1/")]
    [InlineData(null, "", "", "http://localhost:8321/v1/")]
    [InlineData(null, "", "http://environment.test", "http://environment.test/v1/")]
    public void The_address_comes_from_code_section_environment_or_default(string? code, string? section, string? environment, string expected)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["LlamaStack:Endpoint"] = section,
            ["LLAMA_STACK_CLIENT_BASE_URL"] = environment,
        }.Where(pair => pair.Value is not null)).Build());
        services.AddLlamaStack(options => options.Endpoint = code is null ? options.Endpoint : new Uri(code));
        using var provider = Build(services);
        Assert.Equal(expected, provider.GetRequiredService<LlamaStackClient>().Endpoint.AbsoluteUri);
    }

    [Theory]
    [InlineData("section", "first", "second", "section")]
    [InlineData(null, "first", "second", "first")]
    [InlineData(null, null, "second", "second")]
    [InlineData(null, " ", "second", "second")]
    [InlineData(" ", null, null, null)]
    public void The_key_comes_from_section_or_either_variable(string? section, string? llamaStack, string? ogx, string? expected)
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["LlamaStack:ApiKey"] = section,
            ["LLAMA_STACK_CLIENT_API_KEY"] = llamaStack,
            ["OGX_CLIENT_API_KEY"] = ogx,
        }.Where(pair => pair.Value is not null)).Build());
        services.AddLlamaStack();
        using var provider = Build(services);
        Assert.Equal(expected, provider.GetRequiredService<IOptions<LlamaStackClientOptions>>().Value.ApiKey);
    }

    [Fact]
    public void Without_a_configuration_the_environment_itself_is_read()
    {
        Environment.SetEnvironmentVariable("OGX_CLIENT_API_KEY", "from-the-environment");
        try
        {
            using var provider = Build(new ServiceCollection().AddLlamaStack().Services.AddLlamaStack("other").Services);
            var options = provider.GetRequiredService<IOptionsMonitor<LlamaStackClientOptions>>();
            Assert.Equal("from-the-environment", options.CurrentValue.ApiKey);
            Assert.Null(options.Get("other").ApiKey);
        }
        finally
        {
            Environment.SetEnvironmentVariable("OGX_CLIENT_API_KEY", null);
        }
    }

    [Fact]
    public void The_section_sets_everything()
    {
        var services = new ServiceCollection();
        services.AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["LlamaStack:Model"] = "m",
            ["LlamaStack:EmbeddingModel"] = "e",
            ["LlamaStack:Timeout"] = "00:00:07",
            ["LlamaStack:StreamIdleTimeout"] = "-00:00:00.0010000",
            ["LlamaStack:ProviderData:openai_api_key"] = "sk-1",
            ["LlamaStack:AcceptAnyServerCertificate"] = "true",
        }).Build());
        services.AddLlamaStack();
        using var provider = Build(services);
        var options = provider.GetRequiredService<IOptions<LlamaStackClientOptions>>().Value;
        Assert.Equal(("m", "e", true), (options.Model, options.EmbeddingModel, options.AcceptAnyServerCertificate));
        Assert.Equal((TimeSpan.FromSeconds(7), Timeout.InfiniteTimeSpan), (options.Timeout, options.StreamIdleTimeout));
        Assert.Equal("sk-1", options.ProviderData["openai_api_key"]);
    }

    [Theory]
    [InlineData("ftp://x", "LlamaStack:Endpoint", "LLAMA_STACK_CLIENT_BASE_URL")]
    [InlineData("localhost:8321", "LlamaStack:Endpoint", "LLAMA_STACK_CLIENT_BASE_URL")]
    [InlineData("/v1", "LlamaStack:Endpoint", "LLAMA_STACK_CLIENT_BASE_URL")]
    [InlineData("http://user:secret@x", "LlamaStack:Endpoint", "LlamaStack:ApiKey")]
    [InlineData("http://x?key=secret", "LlamaStack:Endpoint", "LLAMA_STACK_CLIENT_BASE_URL")]
    public void A_wrong_address_is_told_with_its_settings(string address, string setting, string other) =>
        AssertInvalid(options => options.Endpoint = new Uri(address, UriKind.RelativeOrAbsolute), setting, other);

    [Fact]
    public void Each_other_wrong_setting_is_told_with_its_name()
    {
        AssertInvalid(options => options.Endpoint = null, "LlamaStack:Endpoint", "LLAMA_STACK_CLIENT_BASE_URL");
        AssertInvalid(options => options.ApiKey = "two secret words", "LlamaStack:ApiKey", "OGX_CLIENT_API_KEY");
        AssertInvalid(options => options.ApiKey = "schlüssel-secret", "LlamaStack:ApiKey", "LLAMA_STACK_CLIENT_API_KEY");
        AssertInvalid(options => options.Timeout = TimeSpan.Zero, "LlamaStack:Timeout");
        AssertInvalid(options => options.Timeout = TimeSpan.FromDays(25), "LlamaStack:Timeout");
        AssertInvalid(options => options.StreamIdleTimeout = TimeSpan.FromSeconds(-1), "LlamaStack:StreamIdleTimeout");
        AssertInvalid(options => options.CertificateAuthorityFile = "no-such-file.pem", "LlamaStack:CertificateAuthorityFile", "no-such-file.pem");
        AssertInvalid(options => options.CertificateAuthorityFile = typeof(RegistrationTests).Assembly.Location, "LlamaStack:CertificateAuthorityFile");
        AssertInvalid(options => (options.CertificateAuthorityFile, options.AcceptAnyServerCertificate) = ("any.pem", true), "LlamaStack:AcceptAnyServerCertificate");
    }

    [Fact]
    public void A_wrong_setting_of_a_named_server_is_told_with_its_section()
    {
        var services = new ServiceCollection();
        services.AddLlamaStack("gpu", options => options.Timeout = TimeSpan.Zero);
        using var provider = Build(services);
        var error = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredKeyedService<LlamaStackClient>("gpu"));
        Assert.Contains("LlamaStack:Servers:gpu:Timeout", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_setting_stops_the_host()
    {
        var builder = Host.CreateEmptyApplicationBuilder(new HostApplicationBuilderSettings());
        builder.Configuration["LLAMA_STACK_CLIENT_BASE_URL"] = "http://[";
        builder.Services.AddLlamaStack();
        using var host = builder.Build();
        var error = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync(Ct));
        Assert.Contains("LLAMA_STACK_CLIENT_BASE_URL", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_are_in_no_text()
    {
        const string Key = "planted-key-4711";
        const string ProviderKey = "planted-provider-key-0815";
        var logs = new Logs();
        var server = new StubServer()
            .Json($$$"""{"error":{"message":"Incorrect API key {{{Key}}}, and {{{ProviderKey}}}","code":"invalid"}}""", HttpStatusCode.Unauthorized)
            .Events($"data: {{\"error\":{{\"message\":\"Bad key {Key}\"}}}}\n\n")
            .Answer(() => throw new HttpRequestException("No route"));
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Trace).AddProvider(logs));
        services.ConfigureHttpClientDefaults(http => http.RedactLoggedHeaders(["X-Nothing"]));
        services.AddLlamaStack(options =>
        {
            options.ApiKey = Key;
            options.ProviderData["openai_api_key"] = ProviderKey;
        }).Http.ConfigurePrimaryHttpMessageHandler(() => server);
        using var provider = Build(services);
        var client = provider.GetRequiredService<LlamaStackClient>();
        var options = provider.GetRequiredService<IOptions<LlamaStackClientOptions>>().Value;

        var errors = new[]
        {
            await Assert.ThrowsAsync<LlamaStackException>(() => client.CreateChatCompletionAsync(new ChatCompletionRequest(), Ct)),
            await Assert.ThrowsAsync<LlamaStackException>(() => client.StreamChatCompletionAsync(new ChatCompletionRequest(), Ct).ToListAsync()),
            await Assert.ThrowsAsync<LlamaStackException>(() => client.GetHealthAsync(Ct)),
        };

        Assert.Equal("Incorrect API key ***, and ***", errors[0].ServerMessage);
        Assert.Contains(logs.Lines, line => line.Contains("Authorization", StringComparison.Ordinal));
        string[] texts =
        [
            .. errors.Select(error => error.ToString()), .. errors.Select(error => error.ServerMessage ?? ""), .. logs.Lines,
            options.ToString(), System.Text.Json.JsonSerializer.Serialize(options), client.ToString()!, provider.GetRequiredService<IChatClient>().ToString()!,
            new ResponseMcpTool { ServerLabel = "l", Authorization = Key, Headers = new Dictionary<string, string> { ["X-Key"] = ProviderKey } }.ToString(),
        ];
        Assert.All(texts, text =>
        {
            Assert.DoesNotContain(Key, text, StringComparison.Ordinal);
            Assert.DoesNotContain(ProviderKey, text, StringComparison.Ordinal);
        });
        Assert.Equal($"Bearer {Key}", server.Calls[0].Message.Headers.Authorization!.ToString());
    }

    [Fact]
    public async Task The_current_activity_is_the_callers_own()
    {
        using var activity = new Activity("caller").Start();
        var client = new StubServer().File("llamastack-live/chat/plain.response.json").File("llamastack-live/chat/stream.response.sse").Client();
        await client.CreateChatCompletionAsync(new ChatCompletionRequest(), Ct);
        Assert.Same(activity, Activity.Current);
        await foreach (var _ in client.StreamChatCompletionAsync(new ChatCompletionRequest(), Ct))
        {
            Assert.Same(activity, Activity.Current);
        }

        Assert.Same(activity, Activity.Current);
    }

    private static ServiceProvider Build(IServiceCollection services) =>
        services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });

    private static void AssertInvalid(Action<LlamaStackClientOptions> configure, params string[] named)
    {
        var services = new ServiceCollection();
        services.AddLlamaStack(configure);
        using var provider = Build(services);
        var error = Assert.Throws<OptionsValidationException>(() => provider.GetRequiredService<LlamaStackClient>());
        Assert.All(named, name => Assert.Contains(name, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("secret", error.Message, StringComparison.Ordinal);
    }

    private sealed class Logs : ILoggerProvider, ILogger
    {
        private readonly List<string> _lines = [];

        public IReadOnlyList<string> Lines => _lines;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            _lines.Add($"{state}");
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Add($"{formatter(state, exception)} {exception} {string.Join(", ", state as IEnumerable<KeyValuePair<string, object>> ?? [])}");

        public void Dispose()
        {
        }
    }
}
