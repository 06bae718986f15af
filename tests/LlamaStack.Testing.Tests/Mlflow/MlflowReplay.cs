using System.Text;
using System.Text.Json.Nodes;
using Xunit;

namespace LlamaStack.Testing.Tests;

/// <summary>Sends every recorded request to stand-ins, once, in an order in which they make sense, and keeps the answers.</summary>
public sealed class MlflowReplay : IAsyncLifetime
{
    private const string Folder = "mlflow-rest";
    private const string Password = "correct horse";
    private readonly Dictionary<string, MlflowExchange> _actual = [];
    private readonly Dictionary<string, string> _ids = [];

    /// <summary>Files that are not replayed, and why.</summary>
    public static IReadOnlyDictionary<string, string> NotReplayed { get; } = new Dictionary<string, string>
    {
        ["otlp-tool-chat.otlp.json"] = "no exchange: the body of otlp-post-tool-chat.json as OTLP JSON",
        ["traces-metrics-tokens.json"] = "of an experiment with another number; a contract test asks both servers",
        ["traces-metrics-by-span-type.json"] = "of an experiment with another number; a contract test asks both servers",
    };

    internal static MlflowExchange Expected(string file) => MlflowExchange.Parse(Fixtures.Read(Folder, file));

    internal MlflowExchange Actual(string file) => _actual[file];

    public async ValueTask InitializeAsync()
    {
        await ReplayMainAsync();
        await ReplayAuthAsync();
        await using var fileStore = await MlflowTestServer.StartAsync(new MlflowTestServerOptions { StoreType = MlflowStoreType.File }, Limit.Token);
        await ReplayAsync(fileStore, "filestore-otlp-probe", "filestore-otlp", "filestore-server-info");
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private async Task ReplayMainAsync()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        for (var id = 1; id < 7; id++)
        {
            await server.PostAsync("/api/2.0/mlflow/experiments/create", new JsonObject { ["name"] = $"other {id}" }).JsonAsync();
        }

        await ReplayAsync(server, "health", "version", "server-info", "experiments-get-by-name-unknown", "experiments-create", "experiments-create-name-taken");
        await ReplayAsync(server, "experiments-get-by-name", "experiments-get", "experiments-get-not-a-number");
        await ReplayAsync(server, [.. Fixtures.Files(Folder).Where(static file => file.StartsWith("otlp-", StringComparison.Ordinal) && !NotReplayed.ContainsKey(file) && file != "otlp-post-tool-chat.json")]);
        Assert.Empty(server.Traces);
        await ReplayAsync(server, "otlp-post-tool-chat", "traces-get-info-after-otlp", "traces-start-v3", "traces-start-v3-again", "traces-get-info", "traces-get-tool-chat", "traces-batch-get-infos");
        await server.SendAsync("POST", "/v1/traces", Encoding.UTF8.GetBytes(FailedCall), ("Content-Type", "application/json"), ("x-mlflow-experiment-id", "7")).JsonAsync();
        await ReplayAsync(server, "traces-get-error", "traces-search-page-1", "traces-search-page-2", "traces-search-filter", "traces-search-nothing", "traces-search-bad-filter");
        await ReplayAsync(server, "traces-get-info-unknown", "traces-start-v3-unknown-experiment");
        await ReplayAsync(server, "traces-set-tag", "traces-set-tag-immutable", "traces-delete-tag", "traces-delete-tag-unknown");
        await ReplayAsync(server, "assessments-create-feedback", "assessments-create-feedback-number", "assessments-create-expectation", "assessments-create-expectation-object");
        await ReplayAsync(server, "assessments-create-error", "assessments-create-neither", "assessments-create-unknown-trace", "assessments-get", "assessments-update", "assessments-update-unknown");
        await ReplayAsync(server, "assessments-delete", "assessments-get-unknown");
        await ReplayAsync(server, "prompts-create", "prompts-create-version", "prompts-set-alias", "prompts-get-by-alias", "prompts-get-by-alias-unknown", "prompts-get-version", "prompts-get-version-unknown", "prompts-link-to-trace");
        await ReplayAsync(server, "traces-delete", "experiments-delete", "experiments-get-by-name-deleted", "experiments-create-name-of-deleted", "traces-start-v3-deleted-experiment", "experiments-restore");
    }

    private async Task ReplayAuthAsync()
    {
        var options = new MlflowTestServerOptions { Username = "admin", Password = Password, ReaderUsername = "reader" };
        await using var server = await MlflowTestServer.StartAsync(options, Limit.Token);
        await ReplayAsync(server, "auth-health-none", "auth-version-none", "auth-rest-none", "auth-otlp-none");
        await ReplayAsAsync(server, "auth-otlp-ok", Basic("admin"));
        await ReplayAsAsync(server, "auth-otlp-no-permission", Basic("reader"));
        await ReplayAsAsync(server, "auth-start-v3-no-permission", Basic("reader"));
        await ReplayAsAsync(server, "auth-otlp-bearer", "Bearer token");
    }

    private static string Basic(string user) => $"Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{Password}"))}";

    private async Task ReplayAsync(MlflowTestServer server, params string[] names)
    {
        foreach (var name in names)
        {
            await ReplayAsAsync(server, name, authorization: null);
        }
    }

    private async Task ReplayAsAsync(MlflowTestServer server, string name, string? authorization)
    {
        var file = name.EndsWith(".json", StringComparison.Ordinal) ? name : name + ".json";
        var expected = Expected(file);
        var headers = expected.RequestHeaders.Select(header => (header.Name, header.Name == "Authorization" ? authorization! : header.Value)).ToArray();
        using var response = await server.SendAsync(expected.Method, expected.Path(_ids), expected.RequestBody, headers);
        var actual = await MlflowExchange.ReadAsync(response, expected);
        _actual[file] = actual;

        // The server makes assessment ids; requests that follow must name those.
        if (expected.AssessmentId is { } recorded && actual.AssessmentId is { } made)
        {
            _ids.TryAdd(recorded, made);
        }
    }

    /// <summary>What traces-get-error.json was recorded from, told by its answer.</summary>
    private const string FailedCall = """
        {"resourceSpans":[{"resource":{"attributes":[
           {"key":"service.name","value":{"stringValue":"my-app"}},{"key":"service.version","value":{"stringValue":"1.0.0"}},{"key":"deployment.environment.name","value":{"stringValue":"test"}}]},
         "scopeSpans":[{"spans":[{"traceId":"7c1f8e2a9b3d4c5e6f708192a3b4c5d6","spanId":"f0e1d2c3b4a59687","name":"chat llama3.2:3b","kind":3,
           "startTimeUnixNano":"1767225600123000000","endTimeUnixNano":"1767225600173000000","status":{"code":2,"message":"429 Too Many Requests"},
           "attributes":[
             {"key":"mlflow.spanType","value":{"stringValue":"CHAT_MODEL"}},
             {"key":"mlflow.message.format","value":{"stringValue":"openai"}},
             {"key":"mlflow.spanInputs","value":{"stringValue":"{\"model\":\"llama3.2:3b\",\"messages\":[{\"role\":\"user\",\"content\":\"Hi\"}]}"}},
             {"key":"error.type","value":{"stringValue":"429"}},
             {"key":"http.response.status_code","value":{"intValue":"429"}},
             {"key":"kind.bool","value":{"boolValue":true}},
             {"key":"kind.double","value":{"doubleValue":0.5}},
             {"key":"kind.nan","value":{"doubleValue":"NaN"}},
             {"key":"kind.array","value":{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}},
             {"key":"kind.kvlist","value":{"kvlistValue":{"values":[{"key":"k","value":{"intValue":"1"}}]}}},
             {"key":"kind.empty_array","value":{"arrayValue":{}}},
             {"key":"kind.unset","value":{}},
             {"key":"kind.bytes","value":{"bytesValue":"AAE="}},
             {"key":"kind.json_text","value":{"stringValue":"{\"a\": [1, null, \"x\"]}"}}],
           "events":[{"timeUnixNano":"1767225600123001000","name":"exception","attributes":[
             {"key":"exception.type","value":{"stringValue":"System.ClientModel.ClientResultException"}},
             {"key":"exception.message","value":{"stringValue":"429 Too Many Requests"}},
             {"key":"exception.stacktrace","value":{"stringValue":"at App.Ask()"}}]}],
           "links":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"a1b2c3d4e5f60718","attributes":[{"key":"reason","value":{"stringValue":"retry"}}]}]}]}]}]}
        """;
}
