using System.ComponentModel;
using LlamaStack.Instrumentation;
using Microsoft.Extensions.AI;

namespace WebApi;

/// <summary><c>POST /agent</c>: a model that may look the weather up, in a loop until it has its answer.</summary>
internal static class AgentEndpoint
{
    private static readonly AIFunction _weather = AIFunctionFactory.Create(GetWeather, "get_weather");

    public static async Task<IResult> AskAsync(ChatQuestion question, ChatClients clients, CancellationToken cancellationToken)
    {
        if (ChatEndpoint.Problems(question) is { Count: > 0 } problems)
        {
            return TypedResults.ValidationProblem(problems);
        }

        // This request is an agent's turn: its span is the agent, model calls and tools hang below it.
        LlamaStackTrace.CurrentSpan?.SetType(SpanType.Agent);
        using var agent = clients.For(question.Api).AsBuilder().UseFunctionInvocation().Build();
        var response = await agent.GetResponseAsync(question.Message!, new ChatOptions { ModelId = question.Model, Tools = [_weather] }, cancellationToken);
        return TypedResults.Ok(ChatEndpoint.Answer(response));
    }

    [Description("Tells the weather in a city.")]
    private static string GetWeather([Description("The city, for example Paris.")] string city) =>
        $"{city}: 17 °C, light rain, wind from the west.";
}
