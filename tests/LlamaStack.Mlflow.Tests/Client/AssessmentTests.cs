using System.Text.Json;
using System.Text.Json.Nodes;

namespace LlamaStack.Mlflow.Tests.Client;

/// <summary>What is sent for assessments and read of them, by recordings of a real MLflow 3.18.0, and what is refused before it is sent.</summary>
public sealed class AssessmentTests
{
    private const string TraceId = "tr-5b8efff798038103d269b633813fc60c";

    private static readonly MlflowAssessmentSource _user = MlflowAssessmentSource.Human("user-1");
    private static readonly MlflowFeedback _feedback = new() { Name = "f", Value = true, Source = _user };
    private static readonly MlflowExpectation _expectation = new() { Name = "e", Value = 1, Source = _user };

    [Theory]
    [InlineData("assessments-create-feedback.json")]
    [InlineData("assessments-create-feedback-number.json")]
    [InlineData("assessments-create-error.json")]
    public async Task Feedback_is_sent_as_it_was_recorded(string file)
    {
        await using var recording = await RecordingClient.StartAsync(file);
        var recorded = Recording.RequestOf(file)!["assessment"]!;
        var feedback = new MlflowFeedback
        {
            Name = (string)recorded["assessment_name"]!,
            Source = recorded["source"].Deserialize<MlflowAssessmentSource>()!,
            Value = recorded["feedback"]!["value"]?.DeepClone(),
            Error = recorded["feedback"]!["error"].Deserialize<MlflowAssessmentError>(),
            Rationale = (string?)recorded["rationale"],
            SpanId = (string?)recorded["span_id"],
            Metadata = recorded["metadata"].Deserialize<Dictionary<string, string>>(),
        };

        var kept = await recording.Client.LogFeedbackAsync(TraceId, feedback, Limit.Token);

        AssertSent(recorded, recording);
        var answered = Recording.BodyOf(file)["assessment"]!;
        Assert.Equal((string?)answered["assessment_id"], kept.Id);
        Assert.True(kept.IsFeedback);
        Assert.True(JsonNode.DeepEquals(answered["feedback"]!["value"], kept.Value));
        Assert.Equal((string?)answered["feedback"]!["error"]?["error_code"], kept.Error?.Code);
    }

    [Theory]
    [InlineData("assessments-create-expectation.json")]
    public async Task An_expectation_is_sent_as_it_was_recorded(string file)
    {
        await using var recording = await RecordingClient.StartAsync(file);
        var recorded = Recording.RequestOf(file)!["assessment"]!;
        var expectation = new MlflowExpectation
        {
            Name = (string)recorded["assessment_name"]!,
            Source = recorded["source"].Deserialize<MlflowAssessmentSource>()!,
            Value = recorded["expectation"]!["value"]!.DeepClone(),
        };

        var kept = await recording.Client.LogExpectationAsync(TraceId, expectation, Limit.Token);

        AssertSent(recorded, recording);
        Assert.False(kept.IsFeedback);
        Assert.True(JsonNode.DeepEquals(recorded["expectation"]!["value"], kept.Value));
    }

    [Fact]
    public async Task An_object_that_is_expected_comes_back_as_an_object()
    {
        const string File = "assessments-create-expectation-object.json";
        await using var recording = await RecordingClient.StartAsync(File);
        var recorded = Recording.RequestOf(File)!["assessment"]!;
        var value = JsonNode.Parse((string)recorded["expectation"]!["serialized_value"]!["value"]!)!;

        var kept = await recording.Client.LogExpectationAsync(TraceId, _expectation with { Name = "expected_facts", Value = value.DeepClone() }, Limit.Token);

        AssertSent(recorded, recording);
        Assert.True(JsonNode.DeepEquals(value, kept.Value), kept.Value?.ToJsonString());
    }

    [Fact]
    public async Task An_update_names_what_changes_in_the_spelling_that_the_server_reads()
    {
        await using var recording = await RecordingClient.StartAsync();
        for (var call = 0; call < 4; call++)
        {
            recording.Server.Enqueue(Recording.Read("assessments-update.json") with { Path = null });
        }

        await recording.Client.UpdateFeedbackAsync(TraceId, "a-1", new MlflowAssessmentUpdate { Name = "n", Value = 1, Rationale = "r", Metadata = new Dictionary<string, string> { ["k"] = "v" } }, Limit.Token);
        await recording.Client.UpdateFeedbackAsync(TraceId, "a-1", new MlflowAssessmentUpdate { Error = new MlflowAssessmentError { Code = "X" } }, Limit.Token);
        await recording.Client.UpdateExpectationAsync(TraceId, "a-1", new MlflowAssessmentUpdate { Value = "x" }, Limit.Token);
        await recording.Client.UpdateFeedbackAsync(TraceId, "a-1", new MlflowAssessmentUpdate { Rationale = "" }, Limit.Token);

        Assert.Equal(
            [
                """{"assessment":{"assessment_name":"n","feedback":{"value":1},"rationale":"r","metadata":{"k":"v"}},"update_mask":"assessmentName,feedback,rationale,metadata"}""",
                """{"assessment":{"feedback":{"error":{"error_code":"X"}}},"update_mask":"feedback"}""",
                """{"assessment":{"expectation":{"value":"x"}},"update_mask":"expectation"}""",
                """{"assessment":{"rationale":""},"update_mask":"rationale"}""",
            ],
            recording.Server.Requests.Select(request => request.BodyText));
        Assert.All(recording.Server.Requests, request => Assert.Equal(("PATCH", $"/api/3.0/mlflow/traces/{TraceId}/assessments/a-1"), (request.Method, request.Path)));
    }

    [Theory]
    [InlineData("assessments-get-unknown.json")]
    public async Task An_assessment_that_is_not_there_is_null(string file)
    {
        await using var recording = await RecordingClient.StartAsync();
        recording.Server.Enqueue(Recording.Read(file) with { Path = null });

        Assert.Null(await recording.Client.GetAssessmentAsync(TraceId, "a-1", Limit.Token));
    }

    [Theory]
    [InlineData("assessments-get.json")]
    [InlineData("assessments-update.json")]
    [InlineData("assessments-create-error.json")]
    [InlineData("assessments-create-expectation-object.json")]
    public void An_assessment_that_is_read_and_written_keeps_what_this_library_does_not_know(string file)
    {
        var recorded = Recording.BodyOf(file)["assessment"]!;
        recorded["of_tomorrow"] = JsonNode.Parse("""{"a":[1,{"b":null}]}""");
        recorded["source"]!["of_tomorrow"] = 1;

        var written = JsonSerializer.SerializeToNode(recorded.Deserialize<MlflowAssessment>())!;

        Assert.All(
            recorded.AsObject().Where(member => !member.Key.EndsWith("_time", StringComparison.Ordinal) && member.Key is not ("feedback" or "expectation")),
            member => Assert.True(JsonNode.DeepEquals(member.Value, written[member.Key]), $"{member.Key} became {written[member.Key]?.ToJsonString()}"));
        Assert.True(JsonNode.DeepEquals(recorded["feedback"]?["value"], written["feedback"]?["value"]));
        Assert.True(JsonNode.DeepEquals(recorded["expectation"]?["serialized_value"], written["expectation"]?["serialized_value"]));
    }

    [Fact]
    public void What_Python_calls_JSON_and_is_none_is_read_as_text()
    {
        var assessment = JsonSerializer.Deserialize<MlflowAssessment>("""{"assessment_id":"a-1","expectation":{"serialized_value":{"value":"[NaN]"}}}""")!;

        Assert.Equal("[NaN]", (string?)assessment.Value);
    }

    [Fact]
    public async Task Nonsense_is_refused_before_it_is_sent()
    {
        await using var recording = await RecordingClient.StartAsync();
        var client = recording.Client;
        var tooLong = new string('x', 251);
        var update = new MlflowAssessmentUpdate { Rationale = "r" };
        Func<Task>[] calls =
        [
            () => client.LogFeedbackAsync("", _feedback, Limit.Token),
            () => client.LogFeedbackAsync("..", _feedback, Limit.Token),
            () => client.LogFeedbackAsync(TraceId, null!, Limit.Token),
            () => client.LogFeedbackAsync(TraceId, _feedback with { Name = " " }, Limit.Token),
            () => client.LogFeedbackAsync(TraceId, _feedback with { Name = tooLong }, Limit.Token),
            () => client.LogFeedbackAsync(TraceId, _feedback with { Source = null! }, Limit.Token),
            () => client.LogFeedbackAsync(TraceId, _feedback with { Source = new MlflowAssessmentSource { Type = "AI_JUDGE", Id = "x" } }, Limit.Token),
            () => client.LogFeedbackAsync(TraceId, _feedback with { Source = MlflowAssessmentSource.Human(tooLong) }, Limit.Token),
            () => client.LogExpectationAsync(TraceId, null!, Limit.Token),
            () => client.LogExpectationAsync(TraceId, _expectation with { Value = null! }, Limit.Token),
            () => client.LogExpectationAsync(TraceId, _expectation with { Name = "" }, Limit.Token),
            () => client.OverrideFeedbackAsync(TraceId, "", _feedback, Limit.Token),
            () => client.GetAssessmentAsync(TraceId, "", Limit.Token),
            () => client.UpdateFeedbackAsync(TraceId, "", update, Limit.Token),
            () => client.UpdateFeedbackAsync(TraceId, "a-1", new MlflowAssessmentUpdate(), Limit.Token),
            () => client.UpdateFeedbackAsync(TraceId, "a-1", new MlflowAssessmentUpdate { Name = "" }, Limit.Token),
            () => client.UpdateExpectationAsync(TraceId, "a-1", new MlflowAssessmentUpdate { Error = new MlflowAssessmentError { Code = "X" } }, Limit.Token),
            () => client.UpdateExpectationAsync(TraceId, "a-1", update, Limit.Token),
            () => client.DeleteAssessmentAsync(TraceId, "", Limit.Token),
        ];

        foreach (var call in calls)
        {
            await Assert.ThrowsAnyAsync<ArgumentException>(call);
        }

        Assert.Throws<ArgumentException>(() => MlflowAssessmentSource.Human(""));
        Assert.Empty(recording.Server.Requests);
    }

    private static void AssertSent(JsonNode recorded, RecordingClient recording)
    {
        // The trace stands in the path; what a body says of it is not read.
        var expected = recorded.DeepClone().AsObject();
        expected.Remove("trace_id");
        var sent = recording.Server.Requests[0].ReadJson()!["assessment"];
        Assert.True(JsonNode.DeepEquals(expected, sent), sent?.ToJsonString());
    }
}
