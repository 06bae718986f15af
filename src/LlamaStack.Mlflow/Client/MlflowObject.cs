using System.Text.Json;
using System.Text.Json.Serialization;

namespace LlamaStack.Mlflow;

/// <summary>A JSON object of MLflow's REST API.</summary>
public abstract record MlflowObject
{
    private protected MlflowObject()
    {
    }

    /// <summary>Gets or sets what else the server says of it, by the names of its JSON.</summary>
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? AdditionalProperties { get; set; }
}
