using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Mlflow.Tests.Client;

/// <summary>Prompts by recordings of a real MLflow 3.18.0, their variables, and what is refused before it is sent.</summary>
public sealed class PromptTests
{
    [Fact]
    public async Task A_prompt_is_registered_as_it_was_recorded()
    {
        await using var recording = await RecordingClient.StartAsync("prompts-create.json", "prompts-create-version.json");
        var recorded = Recording.RequestOf("prompts-create-version.json")!;
        var text = recorded["tags"]!.AsArray().Single(tag => (string?)tag!["key"] == "mlflow.prompt.text")!["value"]!.GetValue<string>();

        var version = await RegisterAsync(recording, (string)recorded["name"]!, text, (string?)recorded["description"]);

        Assert.True(JsonNode.DeepEquals(Sorted(recorded), Sorted(recording.Server.Requests[^1].ReadJson()!)), recording.Server.Requests[^1].BodyText);
        Assert.Equal((text, (string?)recorded["name"]), (version.Template, version.Name));
    }

    [Theory]
    [InlineData("prompts-get-version.json")]
    [InlineData("prompts-get-by-alias.json")]
    public void A_version_that_is_read_and_written_keeps_what_this_library_does_not_know(string file)
    {
        var recorded = Recording.BodyOf(file)["model_version"]!;
        recorded["of_tomorrow"] = JsonNode.Parse("""{"a":[1,{"b":null}]}""");

        var version = recorded.Deserialize<MlflowPromptVersion>()!;
        var written = JsonSerializer.SerializeToNode(version)!;

        Assert.Equal((string?)recorded["version"], version.Version.ToString(System.Globalization.CultureInfo.InvariantCulture));
        Assert.All(recorded.AsObject(), member => Assert.True(JsonNode.DeepEquals(member.Value, written[member.Key]), $"{member.Key} became {written[member.Key]?.ToJsonString()}"));
    }

    [Theory]
    [InlineData("Hi {{name}}", "Hi Ada")]
    [InlineData("Hi {{ name }}, {{name}}!", "Hi Ada, Ada!")]
    [InlineData("{{user.name}}: {{number}}", "Bob: 0.5")]
    [InlineData("{{empty}}{{nothing}}|", "|")]
    [InlineData("{{braces}}", "{{name}}")]
    [InlineData("{ name } {{ 1name }} {{na me}} {{}}", "{ name } {{ 1name }} {{na me}} {{}}")]
    public void Variables_are_filled_in(string template, string text) => Assert.Equal(text, Text(template).Format(new Dictionary<string, object?>
    {
        ["name"] = "Ada",
        ["user.name"] = "Bob",
        ["number"] = 0.5,
        ["empty"] = "",
        ["nothing"] = null,
        ["braces"] = "{{name}}",
        ["of no use"] = "x",
    }));

    [Fact]
    public void Missing_variables_are_all_named()
    {
        var failure = Assert.Throws<ArgumentException>(() => Text("{{a}} {{b}} {{c}}").Format(new Dictionary<string, object?> { ["b"] = 1 }));

        Assert.Contains("prompts:/p/3 needs values for a, c", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Statements_of_Jinja2_are_refused() =>
        Assert.Throws<NotSupportedException>(() => Text("{% if a %}{{a}}{% endif %}").Format(new Dictionary<string, object?> { ["a"] = 1 }));

    [Fact]
    public void A_chat_is_filled_in_part_by_part()
    {
        var chat = Version("""[{"role":"user","content":[{"type":"text","text":"Hi {{name}}"},{"type":"image_url","image_url":{"url":"{{url}}","detail":null}}]}]""", "chat");
        var values = new Dictionary<string, object?> { ["name"] = "A\"da", ["url"] = "http://x" };

        Assert.Equal(["name", "url"], chat.Variables);
        Assert.Equal("""[{"type":"text","text":"Hi A\u0022da"},{"type":"image_url","image_url":{"url":"http://x","detail":null}}]""", chat.FormatMessages(values)[0].Content!.ToJsonString());
        Assert.True(JsonNode.DeepEquals(chat.FormatMessages(values)[0].Content, JsonNode.Parse(chat.Format(values))![0]!["content"]));
        Assert.Equal(("user", "Hi A\"da"), Text("Hi {{name}}").FormatMessages(values).Select(message => (message.Role, (string?)message.Content)).Single());
    }

    [Fact]
    public async Task A_model_of_that_name_is_no_prompt()
    {
        await using var recording = await RecordingClient.StartAsync();
        recording.Server.FailNext(200, """{"registered_model":{"name":"m","creation_timestamp":1}}""");

        var failure = await Assert.ThrowsAsync<MlflowException>(() => RegisterAsync(recording, "m", "x", null));

        Assert.Contains("has a model named \"m\"", failure.Message, StringComparison.Ordinal);
        Assert.Single(recording.Server.Requests);
    }

    [Fact]
    public async Task Who_is_too_late_to_make_the_prompt_adds_a_version()
    {
        await using var recording = await RecordingClient.StartAsync();
        await RegisterAsync(recording, "shared", "one", null);
        recording.Server.FailNext(404, """{"error_code":"RESOURCE_DOES_NOT_EXIST","message":"not found"}""", path: "/api/2.0/mlflow/registered-models/get");

        Assert.Equal(2, (await RegisterAsync(recording, "shared", "two", null)).Version);
    }

    [Fact]
    public async Task Nonsense_is_refused_before_it_is_sent()
    {
        await using var recording = await RecordingClient.StartAsync();
        var client = recording.Client;
        MlflowPromptMessage[] messages = [new() { Role = "user", Content = "x" }];
        Func<Task>[] calls =
        [
            () => client.RegisterPromptAsync(null!, Limit.Token),
            () => client.RegisterPromptAsync(new MlflowNewPromptVersion { Name = "", Template = "x" }, Limit.Token),
            () => client.RegisterPromptAsync(new MlflowNewPromptVersion { Name = "p" }, Limit.Token),
            () => client.RegisterPromptAsync(new MlflowNewPromptVersion { Name = "p", Template = "x", Messages = messages }, Limit.Token),
            () => client.RegisterPromptAsync(new MlflowNewPromptVersion { Name = "p", Template = new string('x', 100_001) }, Limit.Token),
            () => client.RegisterPromptAsync(new MlflowNewPromptVersion { Name = "p", Template = "x", Tags = new Dictionary<string, string> { ["mlflow.prompt.text"] = "y" } }, Limit.Token),
            () => client.LoadPromptAsync("", Limit.Token),
            () => client.LoadPromptAsync("prompts:/p", Limit.Token),
            () => client.LoadPromptAsync("prompts:/p/", Limit.Token),
            () => client.LoadPromptAsync("prompts:/p/three", Limit.Token),
            () => client.GetPromptVersionAsync("p", 0, Limit.Token),
            () => client.GetPromptByAliasAsync("p", " ", Limit.Token),
            () => client.SetPromptAliasAsync("", "a", 1, Limit.Token),
            () => client.LinkPromptToTraceAsync("tr-1", "p", 0, Limit.Token),
            () => client.LinkPromptToTraceAsync("", "p", 1, Limit.Token),
            async () => await client.SearchPromptVersionsAsync("it's", Limit.Token).ToListAsync(Limit.Token),
        ];

        foreach (var call in calls)
        {
            await Assert.ThrowsAnyAsync<ArgumentException>(call);
        }

        Assert.Empty(recording.Server.Requests);
    }

    private static Task<MlflowPromptVersion> RegisterAsync(RecordingClient recording, string name, string text, string? message) =>
        recording.Client.RegisterPromptAsync(new MlflowNewPromptVersion { Name = name, Template = text, CommitMessage = message }, Limit.Token);

    private static MlflowPromptVersion Text(string template) => Version(template, "text");

    private static MlflowPromptVersion Version(string template, string type) => new JsonObject
    {
        ["name"] = "p",
        ["version"] = "3",
        ["tags"] = new JsonArray(new JsonObject { ["key"] = "mlflow.prompt.text", ["value"] = template }, new JsonObject { ["key"] = "_mlflow_prompt_type", ["value"] = type }),
    }.Deserialize<MlflowPromptVersion>()!;

    /// <summary>The order of tags says nothing.</summary>
    private static JsonObject Sorted(JsonNode request)
    {
        var sorted = request.DeepClone().AsObject();
        sorted["tags"] = new JsonArray([.. request["tags"]!.AsArray().OrderBy(tag => (string?)tag!["key"], StringComparer.Ordinal).Select(tag => tag!.DeepClone())]);
        return sorted;
    }
}
