using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.IntegrationTests;

/// <summary>The sample's feedback endpoint, with a real OGX and a real MLflow: what a user says is on the right trace.</summary>
public sealed class FeedbackSampleTests(PeersFixture peers)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_a_user_says_of_an_answer_is_on_its_trace_in_a_real_MLflow()
    {
        var (models, mlflow) = ((await peers.OgxAsync()).Address, (await peers.MlflowAsync()).Address);
        var (program, http) = await SampleProgram.ServeAsync(
            "WebApi",
            new Dictionary<string, string>
            {
                ["LLAMA_STACK_CLIENT_BASE_URL"] = models.AbsoluteUri,
                ["MLFLOW_TRACKING_URI"] = mlflow.AbsoluteUri,
                ["MLFLOW_EXPERIMENT_NAME"] = $"feedback-{Guid.NewGuid():N}",
                ["LlamaStack__Model"] = "stub/stub-chat",
                ["LlamaStack__EmbeddingModel"] = "stub/stub-embed",
            },
            Cancellation);
        await using var _ = program;
        using var __ = http;
        using var server = new HttpClient { BaseAddress = mlflow };
        http.DefaultRequestHeaders.Add("X-User-Id", "ada");
        using var answer = await http.PostAsJsonAsync("/chat", new { message = "What does a telescope do?" }, Cancellation);
        var (traceId, token) = (answer.Headers.GetValues("X-Trace-Id").Single(), answer.Headers.GetValues("X-Feedback-Token").Single());

        using var up = await http.PostAsJsonAsync("/feedback", new { token, value = true }, Cancellation);
        using var down = await http.PostAsJsonAsync("/feedback", new { token, value = false, comment = "Too long." }, Cancellation);
        using var expected = await http.PostAsJsonAsync("/feedback", new { token, expectation = "It shows far things near." }, Cancellation);
        using var strange = await http.PostAsJsonAsync("/feedback", new { token, value = true, traceId = "tr-0af7651916cd43dd8448eb211c80319c" }, Cancellation);

        Assert.Equal(HttpStatusCode.Created, up.StatusCode);
        Assert.Equal(HttpStatusCode.Created, down.StatusCode);
        Assert.Equal(HttpStatusCode.Created, expected.StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, strange.StatusCode);
        var trace = await server.GetFromJsonAsync<JsonNode>($"api/3.0/mlflow/traces/{traceId}", Cancellation);
        var assessments = trace!["trace"]!["trace_info"]!["assessments"]!.AsArray();
        Assert.Equal(3, assessments.Count);
        Assert.All(assessments, assessment => Assert.Equal(("HUMAN", "ada"), ((string?)assessment!["source"]!["source_type"], (string?)assessment["source"]!["source_id"])));
        var counts = Assert.Single(assessments, assessment => assessment!["feedback"] is not null && (bool?)assessment["valid"] != false)!;
        Assert.Equal(("user_feedback", false, "Too long."), ((string?)counts["assessment_name"], (bool)counts["feedback"]!["value"]!, (string?)counts["rationale"]));
    }
}
