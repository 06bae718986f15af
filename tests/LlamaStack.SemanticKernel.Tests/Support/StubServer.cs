using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.SemanticKernel;

namespace LlamaStack.SemanticKernel.Tests;

/// <summary>A server at the HTTP edge: gives the answers it was given, in their order, and keeps what it was asked. An unexpected call fails.</summary>
internal sealed class StubServer : HttpMessageHandler
{
    private readonly Queue<(string Body, string ContentType)> _answers = new();

    public List<JsonObject> Requests { get; } = [];

    public StubServer Says(string text, string finishReason = "stop") => Answers(
        finishReason,
        new JsonObject { ["role"] = "assistant", ["content"] = text },
        new JsonObject { ["prompt_tokens"] = 3, ["completion_tokens"] = 2, ["total_tokens"] = 5 });

    public StubServer Calls(params (string Id, string Name, string Arguments)[] calls) => Answers("tool_calls", new JsonObject
    {
        ["role"] = "assistant",
        ["tool_calls"] = new JsonArray([.. calls.Select(call => new JsonObject
        {
            ["id"] = call.Id,
            ["type"] = "function",
            ["function"] = new JsonObject { ["name"] = call.Name, ["arguments"] = call.Arguments },
        })]),
    });

    public StubServer Answers(string finishReason, JsonObject message, JsonObject? usage = null) => Json(new JsonObject
    {
        ["id"] = "c-1",
        ["object"] = "chat.completion",
        ["model"] = "m-1",
        ["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["finish_reason"] = finishReason, ["message"] = message }),
        ["usage"] = usage,
    }.ToJsonString());

    public StubServer Json(string body)
    {
        _answers.Enqueue((body, "application/json"));
        return this;
    }

    public StubServer Events(params string[] events)
    {
        _answers.Enqueue((string.Concat(events.Append("[DONE]").Select(data => $"data: {data}\n\n")), "text/event-stream"));
        return this;
    }

    /// <summary>A kernel whose calls end here.</summary>
    public Kernel Kernel(Action<IKernelBuilder>? configure = null)
    {
        var builder = Microsoft.SemanticKernel.Kernel.CreateBuilder();
        builder.AddLlamaStack(options =>
        {
            options.Endpoint = new Uri("http://llama.test");
            options.Model = "m-1";
            options.EmbeddingModel = "e-1";
        }).Http.ConfigurePrimaryHttpMessageHandler(() => this).AddGenAIInstrumentation();
        builder.Plugins.AddFromType<WeatherPlugin>(WeatherPlugin.Name);
        configure?.Invoke(builder);
        return builder.Build();
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        Requests.Add(JsonNode.Parse(await request.Content!.ReadAsStringAsync(cancellationToken))!.AsObject());
        var (body, contentType) = _answers.TryDequeue(out var answer) ? answer : throw new InvalidOperationException($"Unexpected call: {request.Method} {request.RequestUri}");
        return new HttpResponseMessage { Content = new StringContent(body, Encoding.UTF8, contentType) };
    }
}
