using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary><c>/api/2.0/mlflow/experiments</c>.</summary>
internal sealed class ExperimentRoutes(MlflowStore store, MlflowBehaviour behaviour)
{
    private const string Root = "2.0/mlflow/experiments/";
    private const int NameLimit = 500;
    private const int MostResults = 50_000;

    public void Map(MlflowRoutes routes)
    {
        routes.Map("GET", Root + "get-by-name", GetByName);
        routes.Map("GET", Root + "get", Get);
        routes.Map("POST", Root + "create", Create);
        routes.Map("POST", Root + "delete", call => SetDeleted(call, deleted: true));
        routes.Map("POST", Root + "restore", call => SetDeleted(call, deleted: false));
        routes.Map("POST", Root + "search", Search);
        routes.Map("GET", Root + "search", Search);
        routes.Map("POST", Root + "set-experiment-tag", SetTag);
    }

    private MlflowAnswer GetByName(Call call)
    {
        var name = MlflowRequest.Read(call, MlflowMessages.ExperimentName, "experiment_name").Text("experiment_name");
        return Answer(store.Experiments.Find(experiment => experiment.Name == name) ?? throw MlflowError.NotFound($"Could not find experiment with name '{name}'"));
    }

    private MlflowAnswer Get(Call call) =>
        Answer(store.GetExperiment(MlflowRequest.Read(call, MlflowMessages.ExperimentId, "experiment_id").Text("experiment_id")));

    private MlflowAnswer Create(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.CreateExperiment, "name");
        request.RequireType("name", JsonValueKind.String);
        request.RequireType("tags", JsonValueKind.Array);
        var name = request.Text("name");
        if (string.IsNullOrWhiteSpace(name))
        {
            throw MlflowError.Invalid($"Invalid experiment name: '{name}'");
        }

        if (name.Length > NameLimit)
        {
            throw MlflowError.Invalid($"'name' exceeds the maximum length of {NameLimit} characters");
        }

        if (store.Experiments.Exists(experiment => experiment.Name == name))
        {
            throw MlflowError.Exists(
                $"Experiment(name={name}) already exists. Error: (sqlite3.IntegrityError) UNIQUE constraint failed: experiments.workspace, experiments.name\n"
                + "[SQL: INSERT INTO experiments (name, workspace, artifact_location, lifecycle_stage, creation_time, last_update_time) VALUES (?, ?, ?, ?, ?, ?)]\n"
                + "[parameters: (...)]\n(Background on this error at: https://sqlalche.me/e/21/gkpj)");
        }

        var created = store.CreateExperiment(name, request["artifact_location"]?.ToString());
        foreach (var tag in request.Items("tags"))
        {
            created.Tags[$"{tag["key"]}"] = $"{tag["value"]}";
        }

        return MlflowAnswer.Json(new JsonObject { ["experiment_id"] = $"{created.Id}" }, indented: true);
    }

    private MlflowAnswer SetDeleted(Call call, bool deleted)
    {
        var id = MlflowRequest.Read(call, MlflowMessages.ExperimentId, "experiment_id").Text("experiment_id");
        var experiment = store.GetExperiment(id);
        if (experiment.Deleted == deleted)
        {
            throw MlflowError.NotFound($"No Experiment with id={id} exists");
        }

        (experiment.Deleted, experiment.Updated) = (deleted, store.Now);
        return MlflowAnswer.Empty;
    }

    private MlflowAnswer SetTag(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.ExperimentTag, "experiment_id", "key");
        var experiment = store.GetExperiment(request.Text("experiment_id"));
        experiment.Tags[request.Text("key")] = request.Text("value");
        experiment.Updated = store.Now;
        return MlflowAnswer.Empty;
    }

    /// <summary>Newest first. Of filters, only a comparison of the name is understood.</summary>
    private MlflowAnswer Search(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.SearchExperiments);
        var most = request.Integer("max_results") ?? 0;
        if (most is < 1 or > MostResults)
        {
            throw MlflowError.Invalid($"Invalid value {most} for parameter 'max_results' supplied. It must be {(most < 1 ? "a positive integer" : $"at most {MostResults}")}");
        }

        var filter = FilterClause.Parse(request.Text("filter"), ["name"]);
        var found = store.Experiments
            .Where(experiment => request.Text("view_type") switch { "ALL" => true, "DELETED_ONLY" => experiment.Deleted, _ => !experiment.Deleted })
            .Where(experiment => filter.All(clause => clause.Matches(experiment.Name)))
            .OrderByDescending(static experiment => experiment.Id);
        var page = Page.Cut(found, (int)most, request.Text("page_token"));
        var body = new JsonObject();
        if (page.Items.Count > 0)
        {
            body["experiments"] = new JsonArray([.. page.Items.Select(Json)]);
        }

        return MlflowAnswer.Json(page.AddToken(body), indented: true);
    }

    private MlflowAnswer Answer(ExperimentRow experiment) => MlflowAnswer.Json(new JsonObject { ["experiment"] = Json(experiment) }, indented: true);

    private JsonObject Json(ExperimentRow experiment)
    {
        var body = new JsonObject
        {
            ["experiment_id"] = $"{experiment.Id}",
            ["name"] = experiment.Name,
            ["artifact_location"] = experiment.ArtifactLocation,
            ["lifecycle_stage"] = experiment.LifecycleStage,
            ["last_update_time"] = experiment.Updated,
            ["creation_time"] = experiment.Created,
        };
        if (experiment.Tags.Count > 0)
        {
            body["tags"] = TagsJson.Of(experiment.Tags);
        }

        if (behaviour.Workspaces)
        {
            body["workspace"] = "default";
        }

        return body;
    }
}
