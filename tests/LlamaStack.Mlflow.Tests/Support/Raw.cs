using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.Mlflow.Tests;

/// <summary>Calls by the LlamaStack client's own HttpClient, for what the typed client has no method for.</summary>
internal static class Raw
{
    public static async Task<string> PostAsync(TracedApp app, string path, string json)
    {
        using var http = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient("LlamaStack");
        using var content = new StringContent(json, Encoding.UTF8, "application/json");
        using var response = await http.PostAsync(new Uri(app.Models.Endpoint, path), content, Limit.Token);
        return await response.Content.ReadAsStringAsync(Limit.Token);
    }
}
