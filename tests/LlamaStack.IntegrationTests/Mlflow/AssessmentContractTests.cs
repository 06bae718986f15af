using System.Net;
using System.Text.Json.Nodes;
using LlamaStack.Mlflow;

namespace LlamaStack.IntegrationTests;

/// <summary>Feedback and expectations, on a real MLflow and on the stand-in.</summary>
public sealed class AssessmentContractTests(PeersFixture peers)
{
    private static readonly MlflowAssessmentSource _alice = MlflowAssessmentSource.Human("alice");

    public static TheoryData<string> Servers => ServerUnderTest.Kinds;

    public static TheoryData<string, string> Values()
    {
        TheoryData<string, string> values = [];
        foreach (var json in new[] { "true", "4.5", "\"good\"", "[\"a\",true]", "{\"a\":{\"b\":[1.5]}}", "\"\"" })
        {
            values.Add("real", json);
            values.Add("stand-in", json);
        }

        return values;
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Feedback_is_kept_whole_and_stands_in_the_trace(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var trace = await server.SendTraceAsync();
        var feedback = new MlflowFeedback
        {
            Name = "user_feedback",
            Value = true,
            Source = _alice,
            Rationale = "Kurz und gut ✓",
            SpanId = trace[3..19],
            Metadata = new Dictionary<string, string> { ["channel"] = "web" },
        };

        var kept = await server.Client.LogFeedbackAsync(trace, feedback, Token);

        Assert.Equal((trace, "user_feedback", true, "Kurz und gut ✓", trace[3..19]), (kept.TraceId, kept.Name, kept.IsFeedback, kept.Rationale, kept.SpanId));
        Assert.Equal(("HUMAN", "alice", true, "web"), (kept.Source!.Type, kept.Source.Id, kept.IsValid, kept.Metadata["channel"]));
        Assert.True((bool)kept.Value!);
        Assert.NotNull(kept.CreateTime);
        var read = await server.Client.GetAssessmentAsync(trace, kept.Id, Token);
        var inTrace = Assert.Single((await server.Client.GetTraceAsync(trace, Token))!.Assessments);
        Assert.All([read!, inTrace], same => Assert.Equal((kept.Id, kept.Rationale, "web", true), (same.Id, same.Rationale, same.Metadata["channel"], (bool)same.Value!)));
    }

    [Theory]
    [MemberData(nameof(Values))]
    public async Task A_value_of_any_kind_comes_back(string kind, string json)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var trace = await server.SendTraceAsync();

        var feedback = await server.Client.LogFeedbackAsync(trace, new MlflowFeedback { Name = "f", Value = JsonNode.Parse(json), Source = MlflowAssessmentSource.Code("scorer") }, Token);
        var expectation = await server.Client.LogExpectationAsync(trace, new MlflowExpectation { Name = "e", Value = JsonNode.Parse(json)!, Source = _alice }, Token);

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), feedback.Value), feedback.Value?.ToJsonString());
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(json), expectation.Value), expectation.Value?.ToJsonString());
        Assert.Equal((true, false, "CODE"), (feedback.IsFeedback, expectation.IsFeedback, feedback.Source!.Type));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Whole_numbers_in_an_expected_list_stay_whole(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var trace = await server.SendTraceAsync();

        var expectation = await server.Client.LogExpectationAsync(trace, new MlflowExpectation { Name = "e", Value = new JsonArray(1, 2), Source = _alice }, Token);

        Assert.Equal("[1,2]", expectation.Value!.ToJsonString());
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_rationale_of_an_expectation_would_be_lost(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var trace = await server.SendTraceAsync();
        using var content = new StringContent("""{"assessment":{"assessment_name":"e","source":{"source_type":"CODE","source_id":"c"},"expectation":{"value":1},"rationale":"r"}}""", null, "application/json");

        using var response = await server.Http.PostAsync($"api/3.0/mlflow/traces/{trace}/assessments", content, Token);

        Assert.Null(JsonNode.Parse(await response.Content.ReadAsStringAsync(Token))!["assessment"]!["rationale"]);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task A_judge_that_failed_says_why(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var trace = await server.SendTraceAsync();
        var error = new MlflowAssessmentError { Code = "TIMEOUT", Message = "no answer", StackTrace = "at Judge()" };

        var kept = await server.Client.LogFeedbackAsync(trace, new MlflowFeedback { Name = "f", Error = error, Source = MlflowAssessmentSource.LlmJudge("llama") }, Token);

        Assert.Null(kept.Value);
        Assert.Equal(("TIMEOUT", "no answer", "at Judge()"), (kept.Error!.Code, kept.Error.Message, kept.Error.StackTrace));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task An_update_changes_what_it_names_and_nothing_else(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var trace = await server.SendTraceAsync();
        var first = new MlflowFeedback { Name = "f", Value = 1, Source = _alice, Rationale = "r", Metadata = new Dictionary<string, string> { ["a"] = "1", ["b"] = "1" } };
        var id = (await server.Client.LogFeedbackAsync(trace, first, Token)).Id;

        var renamed = await server.Client.UpdateFeedbackAsync(trace, id, new MlflowAssessmentUpdate { Name = "g", Metadata = new Dictionary<string, string> { ["b"] = "2" } }, Token);
        var changed = await server.Client.UpdateFeedbackAsync(trace, id, new MlflowAssessmentUpdate { Value = false, Rationale = "" }, Token);

        Assert.Equal(("g", 1.0, "r", "1", "2"), (renamed.Name, (double)renamed.Value!, renamed.Rationale, renamed.Metadata["a"], renamed.Metadata["b"]));
        Assert.Equal(("g", false, ""), (changed.Name, (bool)changed.Value!, changed.Rationale ?? ""));
        Assert.Equal("1", (await server.Client.GetAssessmentAsync(trace, id, Token))!.Metadata["a"]);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Feedback_is_no_expectation(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var trace = await server.SendTraceAsync();
        var feedback = await server.Client.LogFeedbackAsync(trace, new MlflowFeedback { Name = "f", Value = 1, Source = _alice }, Token);
        var expectation = await server.Client.LogExpectationAsync(trace, new MlflowExpectation { Name = "e", Value = 1, Source = _alice }, Token);
        var update = new MlflowAssessmentUpdate { Value = new JsonArray("x") };

        Assert.Equal("[\"x\"]", (await server.Client.UpdateExpectationAsync(trace, expectation.Id, update, Token)).Value!.ToJsonString());
        await RefusedAsync(HttpStatusCode.BadRequest, () => server.Client.UpdateExpectationAsync(trace, feedback.Id, update, Token));
        await RefusedAsync(HttpStatusCode.BadRequest, () => server.Client.UpdateFeedbackAsync(trace, expectation.Id, update, Token));
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Overridden_feedback_counts_again_when_the_new_one_is_deleted(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var trace = await server.SendTraceAsync();
        var feedback = new MlflowFeedback { Name = "f", Value = true, Source = _alice };
        var old = await server.Client.LogFeedbackAsync(trace, feedback, Token);

        var corrected = await server.Client.OverrideFeedbackAsync(trace, old.Id, feedback with { Value = false }, Token);
        var overridden = await server.Client.GetAssessmentAsync(trace, old.Id, Token);
        await server.Client.DeleteAssessmentAsync(trace, corrected.Id, Token);
        await server.Client.DeleteAssessmentAsync(trace, corrected.Id, Token);

        Assert.Equal((old.Id, false), (corrected.Overrides, overridden!.IsValid));
        Assert.Null(await server.Client.GetAssessmentAsync(trace, corrected.Id, Token));
        Assert.True((await server.Client.GetAssessmentAsync(trace, old.Id, Token))!.IsValid);
    }

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task What_is_not_there_is_said(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var trace = await server.SendTraceAsync();
        var feedback = new MlflowFeedback { Name = "f", Value = true, Source = _alice };

        await RefusedAsync(HttpStatusCode.NotFound, () => server.Client.LogFeedbackAsync("tr-00000000000000000000000000000000", feedback, Token));
        await RefusedAsync(HttpStatusCode.NotFound, () => server.Client.OverrideFeedbackAsync(trace, "a-0", feedback, Token));
        await RefusedAsync(HttpStatusCode.NotFound, () => server.Client.UpdateFeedbackAsync(trace, "a-0", new MlflowAssessmentUpdate { Rationale = "r" }, Token));
        Assert.Null(await server.Client.GetAssessmentAsync(trace, "a-0", Token));
        Assert.Null(await server.Client.GetAssessmentAsync("tr-0", "a-0", Token));
        await server.Client.DeleteAssessmentAsync("tr-0", "a-0", Token);
    }

    private static async Task RefusedAsync(HttpStatusCode status, Func<Task> call)
    {
        var refusal = await Assert.ThrowsAsync<MlflowException>(call);
        Assert.Equal(status, refusal.StatusCode);
    }
}
