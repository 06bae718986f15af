using System.Net;
using System.Text.Json.Nodes;
using LlamaStack.Mlflow;

namespace LlamaStack.IntegrationTests;

/// <summary>The prompt registry, on a real MLflow and on the stand-in.</summary>
public sealed class PromptContractTests(PeersFixture peers)
{
    private readonly string _name = $"prompt-{Guid.NewGuid():N}";

    public static TheoryData<string> Servers => ServerUnderTest.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_text_is_registered_and_loaded_by_version_alias_and_address(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var first = await server.Client.RegisterPromptAsync(
            new MlflowNewPromptVersion
            {
                Name = _name,
                Template = "Grüße {{ name }} in {{city}}.",
                CommitMessage = "first",
                Tags = new Dictionary<string, string> { ["team"] = "blue" },
                ResponseFormat = JsonNode.Parse("""{"type":"object"}"""),
                ModelConfig = JsonNode.Parse("""{"model_name":"llama","temperature":0.5}"""),
            },
            Token);
        var second = await server.Client.RegisterPromptAsync(new MlflowNewPromptVersion { Name = _name, Template = "Hi {{name}}" }, Token);
        await server.Client.SetPromptAliasAsync(_name, "production", 1, Token);

        Assert.Equal((1, 2), (first.Version, second.Version));
        foreach (var loaded in new[]
        {
            await server.Client.LoadPromptAsync($"prompts:/{_name}/1", Token),
            await server.Client.LoadPromptAsync($"prompts:/{_name}@production", Token),
            (await server.Client.GetPromptVersionAsync(_name, 1, Token))!,
            (await server.Client.GetPromptByAliasAsync(_name, "production", Token))!,
        })
        {
            Assert.Equal((_name, 1, "Grüße {{ name }} in {{city}}.", "first", false), (loaded.Name, loaded.Version, loaded.Template, loaded.CommitMessage, loaded.IsChat));
            Assert.Equal(["name", "city"], loaded.Variables);
            Assert.Equal(["production"], loaded.Aliases);
            Assert.Equal([KeyValuePair.Create("team", "blue")], loaded.Tags);
            Assert.Equal(("object", 0.5), ((string?)loaded.ResponseFormat!["type"], (double)loaded.ModelConfig!["temperature"]!));
            Assert.Equal("Grüße Ada in Rom.", loaded.Format(new Dictionary<string, object?> { ["name"] = "Ada", ["city"] = "Rom" }));
        }

        Assert.Equal(2, (await server.Client.LoadPromptAsync(_name, Token)).Version);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_chat_is_registered_and_formatted(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        await server.Client.RegisterPromptAsync(
            new MlflowNewPromptVersion
            {
                Name = _name,
                Messages = [new MlflowPromptMessage { Role = "system", Content = "You are {{who}}." }, new MlflowPromptMessage { Role = "user", Content = "{{question}}" }],
            },
            Token);

        var prompt = await server.Client.LoadPromptAsync(_name, Token);
        var messages = prompt.FormatMessages(new Dictionary<string, object?> { ["who"] = "a \"poet\"", ["question"] = "{{who}}?" });

        Assert.True(prompt.IsChat);
        Assert.Equal([("system", "You are a \"poet\"."), ("user", "{{who}}?")], messages.Select(message => (message.Role, (string?)message.Content)));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Aliases_move_and_go(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        foreach (var text in new[] { "one", "two" })
        {
            await server.Client.RegisterPromptAsync(new MlflowNewPromptVersion { Name = _name, Template = text }, Token);
        }

        await server.Client.SetPromptAliasAsync(_name, "live", 1, Token);
        await server.Client.SetPromptAliasAsync(_name, "live", 2, Token);
        Assert.Equal(2, (await server.Client.GetPromptByAliasAsync(_name, "live", Token))!.Version);
        await server.Client.DeletePromptAliasAsync(_name, "live", Token);
        await server.Client.DeletePromptAliasAsync(_name, "live", Token);

        Assert.Null(await server.Client.GetPromptByAliasAsync(_name, "live", Token));
        await RefusedAsync(HttpStatusCode.NotFound, () => server.Client.SetPromptAliasAsync(_name, "live", 9, Token));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Prompts_and_versions_are_listed(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        foreach (var text in new[] { "one", "two", "three" })
        {
            await server.Client.RegisterPromptAsync(new MlflowNewPromptVersion { Name = _name, Template = text }, Token);
        }

        var prompts = await server.Client.SearchPromptsAsync($"name = '{_name}'", Token).ToListAsync(Token);
        var versions = await server.Client.SearchPromptVersionsAsync(_name, Token).ToListAsync(Token);

        Assert.Equal(_name, Assert.Single(prompts).Name);
        Assert.Contains(_name, await server.Client.SearchPromptsAsync(cancellationToken: Token).Select(prompt => prompt.Name).ToListAsync(Token));
        Assert.Equal([(3, "three"), (2, "two"), (1, "one")], versions.Select(version => (version.Version, version.Template)));
        Assert.Empty(await server.Client.SearchPromptVersionsAsync($"{_name}-not", Token).ToListAsync(Token));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task What_is_not_there_is_said(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);

        Assert.Null(await server.Client.GetPromptVersionAsync(_name, 1, Token));
        Assert.Null(await server.Client.GetPromptByAliasAsync(_name, "live", Token));
        var missing = await RefusedAsync(HttpStatusCode.NotFound, () => server.Client.LoadPromptAsync($"prompts:/{_name}/7", Token));
        Assert.Contains($"prompts:/{_name}/7", missing.Message, StringComparison.Ordinal);
        await RefusedAsync(HttpStatusCode.NotFound, () => server.Client.LoadPromptAsync(_name, Token));
        await RefusedAsync(HttpStatusCode.BadRequest, () => server.Client.RegisterPromptAsync(new MlflowNewPromptVersion { Name = "a/b", Template = "x" }, Token));
    }

    private static async Task<MlflowException> RefusedAsync(HttpStatusCode status, Func<Task> call)
    {
        var refusal = await Assert.ThrowsAsync<MlflowException>(call);
        Assert.Equal(status, refusal.StatusCode);
        return refusal;
    }
}
