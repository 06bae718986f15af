using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>Health, version and server info.</summary>
internal sealed class ServerRoutes(MlflowBehaviour behaviour, MlflowStoreType storeType)
{
    public void Map(MlflowRoutes routes)
    {
        routes.MapPage("/health", () => behaviour.ServerInfo ? MlflowAnswer.Plain(200, "OK") : MlflowAnswer.Page(200, "OK"));
        routes.MapPage("/version", () => MlflowAnswer.Page(200, behaviour.Text));
        if (behaviour.ServerInfo)
        {
            routes.Map("GET", "3.0/mlflow/server-info", _ => MlflowAnswer.Json(Info(), indented: false));
        }
    }

    private JsonObject Info() => new()
    {
        ["store_type"] = storeType == MlflowStoreType.File ? "FileStore" : "SqlStore",
        ["workspaces_enabled"] = false,
        ["trace_archival_enabled"] = false,
        ["multipart_uploads_enabled"] = false,
        ["multipart_downloads_enabled"] = false,
        ["artifact_serving_enabled"] = true,
        ["skill_content_max_size"] = 26214400,
        ["skill_content_max_files"] = 10000,
        ["presigned_upload_run_id_supported"] = true,
        ["presigned_upload_model_id_supported"] = true,
        ["model_artifact_presigned_downloads_supported"] = true,
        ["features_enabled"] = new JsonObject { ["gateway"] = true, ["scheduled_issue_detection"] = storeType != MlflowStoreType.File },
        ["tracking_auth"] = "",
        ["artifacts_presigned_only"] = false,
    };
}
