using System.Globalization;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>The prompt registry: registered models, their versions and aliases.</summary>
internal sealed class PromptRoutes(MlflowStore store)
{
    private const string Models = "2.0/mlflow/registered-models/";
    private const string Versions = "2.0/mlflow/model-versions/";

    public void Map(MlflowRoutes routes)
    {
        routes.Map("POST", Models + "create", Create);
        routes.Map("GET", Models + "get", call => Answer("registered_model", Json(Get(Name(call, MlflowMessages.RegisteredModel)))));
        routes.Map("GET", Models + "search", Search);
        routes.Map("POST", Models + "alias", SetAlias);
        routes.Map("GET", Models + "alias", GetAlias);
        routes.Map("DELETE", Models + "alias", DeleteAlias);
        routes.Map("POST", Versions + "create", CreateVersion);
        routes.Map("GET", Versions + "get", GetVersion);
        routes.Map("GET", Versions + "search", SearchVersions);
    }

    private MlflowAnswer Create(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.RegisteredModel, "name");
        var name = request.Text("name");
        if (name.AsSpan().ContainsAny('/', ':'))
        {
            throw MlflowError.Invalid($"Invalid model name '{name}'. Names cannot contain '/' or ':'.");
        }

        if (store.Prompts.Exists(prompt => prompt.Name == name))
        {
            throw MlflowError.Exists(
                $"Tried to create a registered model with name '{name}', but the name is already taken by a prompt. MLflow does not allow creating a model and a prompt with the same name.");
        }

        var prompt = new PromptRow(name, store.Now) { Description = request["description"]?.ToString() };
        AddTags(prompt.Tags, request);
        store.Prompts.Add(prompt);
        return Answer("registered_model", Json(prompt));
    }

    private MlflowAnswer CreateVersion(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.ModelVersion, "name", "source");
        var prompt = Get(request.Text("name"));
        var version = new PromptVersionRow(prompt.Versions.Count + 1, request.Text("source"), request.Text("description"), store.Now);
        AddTags(version.Tags, request);
        prompt.Versions.Add(version);
        prompt.Updated = version.Created;
        return Answer("model_version", Json(prompt, version));
    }

    private MlflowAnswer GetVersion(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.ModelVersion, "name", "version");
        var number = request.Text("version");
        var (prompt, version) = int.TryParse(number, CultureInfo.InvariantCulture, out var parsed)
            ? Find(request.Text("name"), parsed)
            : throw MlflowError.Invalid($"Parameter 'version' must be an integer, got '{number}'.");
        return Answer("model_version", Json(prompt, version));
    }

    private MlflowAnswer SetAlias(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.Alias, "name", "alias", "version");
        var (prompt, version) = Find(request.Text("name"), int.Parse(request.Text("version"), CultureInfo.InvariantCulture));
        prompt.Aliases[request.Text("alias")] = version.Version;
        return MlflowAnswer.Empty;
    }

    /// <summary>The alias <c>latest</c> needs not be set.</summary>
    private MlflowAnswer GetAlias(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.Alias, "name", "alias");
        var prompt = Get(request.Text("name"));
        var alias = request.Text("alias");
        var version = alias == "latest" && prompt.Versions.Count > 0 ? prompt.Versions.Count : prompt.Aliases.GetValueOrDefault(alias);
        return version > 0
            ? Answer("model_version", Json(prompt, prompt.Versions[version - 1]))
            : throw MlflowError.Invalid($"Registered model alias {alias} not found.");
    }

    private MlflowAnswer DeleteAlias(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.Alias, "name", "alias");
        Get(request.Text("name")).Aliases.Remove(request.Text("alias"));
        return MlflowAnswer.Empty;
    }

    private MlflowAnswer Search(Call call) => Search(
        call,
        "registered_models",
        static found => found.OrderBy(static prompt => prompt.Name, StringComparer.Ordinal).Select(static prompt => Json(prompt)));

    /// <summary>Newest first.</summary>
    private MlflowAnswer SearchVersions(Call call) => Search(
        call,
        "model_versions",
        static found => found.SelectMany(static prompt => prompt.Versions.Reverse<PromptVersionRow>().Select(version => Json(prompt, version))));

    /// <summary>Prompts are found only by a filter that asks for them; beside that, conditions on the name are understood.</summary>
    private MlflowAnswer Search(Call call, string member, Func<IEnumerable<PromptRow>, IEnumerable<JsonObject>> list)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.SearchModels);
        var clauses = FilterClause.Parse(request.Text("filter"), ["name"]);
        var asked = clauses.Exists(static clause => clause is { Entity: "tag", Key: "mlflow.prompt.is_prompt" });
        var found = store.Prompts.Where(prompt => asked && clauses.All(clause => clause.Matches(clause.Key == "name" ? prompt.Name : prompt.Tags.GetValueOrDefault(clause.Key))));
        var page = Page.Cut(list(found), (int)(request.Integer("max_results") ?? 100), request.Text("page_token"));
        var body = new JsonObject();
        if (page.Items.Count > 0)
        {
            body[member] = new JsonArray([.. page.Items]);
        }

        return MlflowAnswer.Json(page.AddToken(body), indented: true);
    }

    private PromptRow Get(string name) => store.Prompts.Find(prompt => prompt.Name == name) ?? throw MlflowError.NotFound($"Registered Model with name={name} not found");

    private (PromptRow Prompt, PromptVersionRow Version) Find(string name, int version)
    {
        var prompt = store.Prompts.Find(prompt => prompt.Name == name);
        return prompt?.Versions.ElementAtOrDefault(version - 1) is { } found
            ? (prompt, found)
            : throw MlflowError.NotFound($"Model Version (name={name}, version={version}) not found");
    }

    private static string Name(Call call, ProtoMessage message) => MlflowRequest.Read(call, message, "name").Text("name");

    private static void AddTags(Dictionary<string, string> tags, MlflowRequest request)
    {
        foreach (var tag in request.Items("tags"))
        {
            tags[$"{tag["key"]}"] = $"{tag["value"]}";
        }
    }

    private static JsonObject Json(PromptRow prompt)
    {
        var body = new JsonObject
        {
            ["name"] = prompt.Name,
            ["creation_timestamp"] = prompt.Created,
            ["last_updated_timestamp"] = prompt.Updated,
        };
        if (prompt.Description is { } description)
        {
            body["description"] = description;
        }

        if (prompt.Versions.Count > 0)
        {
            body["latest_versions"] = new JsonArray(Json(prompt, prompt.Versions[^1]));
        }

        if (prompt.Tags.Count > 0)
        {
            body["tags"] = TagsJson.Of(prompt.Tags);
        }

        return body;
    }

    private static JsonObject Json(PromptRow prompt, PromptVersionRow version)
    {
        var body = new JsonObject
        {
            ["name"] = prompt.Name,
            ["version"] = $"{version.Version}",
            ["creation_timestamp"] = version.Created,
            ["last_updated_timestamp"] = version.Created,
            ["current_stage"] = "None",
            ["description"] = version.Description,
            ["source"] = version.Source,
            ["run_id"] = "",
            ["status"] = "READY",
        };
        if (version.Tags.Count > 0)
        {
            body["tags"] = TagsJson.Of(version.Tags);
        }

        body["run_link"] = "";
        var aliases = prompt.Aliases.Where(alias => alias.Value == version.Version).Select(static alias => (JsonNode)alias.Key).ToArray();
        if (aliases.Length > 0)
        {
            body["aliases"] = new JsonArray(aliases);
        }

        return body;
    }

    private static MlflowAnswer Answer(string name, JsonObject body) => MlflowAnswer.Json(new JsonObject { [name] = body }, indented: true);
}
