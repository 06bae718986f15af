using System.Text;
using System.Text.Json.Nodes;
using LlamaStack.Testing;
using LlamaStack.TestSupport;

namespace LlamaStack.Mlflow.Tests;

/// <summary>An exchange with a real MLflow, from <c>tests/fixtures/mlflow-rest</c>.</summary>
internal static class Recording
{
    /// <summary>The answer, for the method and path that it was heard at.</summary>
    public static ScriptedExchange Read(string file)
    {
        var exchange = JsonNode.Parse(Fixtures.Bytes("mlflow-rest", file))!;
        var response = exchange["response"]!;
        return new ScriptedExchange
        {
            Method = (string?)exchange["request"]!["method"],
            Path = (string?)exchange["request"]!["path"],
            Status = (int)response["status"]!,
            Headers = response["headers"]!.AsObject().Where(header => header.Key != "content-length").ToDictionary(header => header.Key, header => (string)header.Value!),
            Body = Encoding.UTF8.GetBytes(response["body"] switch
            {
                null => "",
                JsonValue text when text.TryGetValue<string>(out var plain) => plain,
                var json => json.ToJsonString(),
            }),
        };
    }

    /// <summary>The body of the request.</summary>
    public static JsonNode? RequestOf(string file) => JsonNode.Parse(Fixtures.Bytes("mlflow-rest", file))!["request"]!["body"];

    /// <summary>The body of the answer.</summary>
    public static JsonNode BodyOf(string file) => JsonNode.Parse(Fixtures.Bytes("mlflow-rest", file))!["response"]!["body"]!;
}
