using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>Health, version and models.</summary>
internal sealed class ModelRoutes(ModelCatalog models, string version)
{
    public void Map(RouteTable<Func<Call, Task>> routes)
    {
        routes.Map("GET", "/v1/health", static call => call.WriteJsonAsync(new JsonObject { ["status"] = "OK" }));
        routes.Map("GET", "/v1/version", call => call.WriteJsonAsync(new JsonObject { ["version"] = version }));
        routes.Map("GET", "/v1/models", call => call.WriteJsonAsync(models.List()));
        routes.Map("GET", "/v1/models/{*}", call =>
        {
            var id = call.Values[0];
            return call.WriteJsonAsync(models.Describe(models.Find(id) ?? throw LlamaStackError.ModelNotFound(id)));
        });
    }
}
