using System.Text.Json.Nodes;
using Xunit;

namespace LlamaStack.Testing.Tests;

public sealed class MlflowStartTraceTests
{
    private static readonly SentSpan _root = new("root", ("mlflow.spanInputs", "in"), ("session.id", "s"), ("gen_ai.usage.input_tokens", 3), ("gen_ai.usage.output_tokens", 4));

    [Fact]
    public async Task What_it_gives_wins_over_the_spans()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        await server.ExportAsync([_root]);

        await server.StartTraceAsync(_root.TraceId, """
            {"client_request_id":"r1","state":"ERROR","request_preview":"asked","tags":{"mlflow.traceName":"named","t":"1"},
             "trace_metadata":{"mlflow.trace.session":"other","mlflow.trace.tokenUsage":"{\"input_tokens\":1,\"output_tokens\":1,\"total_tokens\":2}","k":"v"}}
            """).JsonAsync();

        var trace = server.Trace(_root.TraceId);
        Assert.Equal(("ERROR", "asked", "named", "other", "r1", TimeSpan.FromSeconds(1)), (trace.State, trace.RequestPreview, trace.Name, trace.SessionId, trace.ClientRequestId, trace.Duration));
        Assert.Equal(2, trace.TokenUsage["total_tokens"]);
        Assert.Equal(("v", "true"), (trace.Metadata["k"], trace.Metadata["mlflow.trace.infoFinalized"]));
    }

    [Fact]
    public async Task What_is_absent_is_kept_but_for_four_fields()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        await server.ExportAsync([_root], "0", ("service.name", "svc"));
        await server.StartTraceAsync(_root.TraceId, """{"client_request_id":"r1"}""").JsonAsync();

        await server.StartTraceAsync(_root.TraceId, """{"request_time":null,"execution_duration":null,"state":null}""").JsonAsync();

        var trace = server.Trace(_root.TraceId);
        Assert.Equal(("STATE_UNSPECIFIED", null, null, DateTimeOffset.UnixEpoch), (trace.State, trace.ClientRequestId, trace.Duration, trace.RequestTime));
        Assert.Equal(("\"in\"", "s", 7L, "svc"), (trace.RequestPreview, trace.SessionId, trace.TokenUsage["total_tokens"], trace.Tags["service.name"]));
    }

    [Theory]
    [InlineData("""{"tags":{"a":"1","b":2,"c":"3"},"client_request_id":"lost","request_preview":"lost"}""", "a")]
    [InlineData("""{"tags":{"a":"1","b":null},"request_preview":"lost"}""", "a")]
    [InlineData("""{"client_request_id":5,"tags":{"a":"1"},"request_preview":"lost"}""", "")]
    public async Task A_mistyped_member_loses_all_that_follows_it_without_a_word(string more, string kept)
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        using var response = await server.StartTraceAsync(_root.TraceId, more);

        Assert.Equal(200, (int)response.StatusCode);
        var trace = server.Trace(_root.TraceId);
        Assert.Null(trace.RequestPreview);
        Assert.Null(trace.ClientRequestId);
        Assert.Equal(kept, string.Join(',', trace.Tags.Keys.Where(static key => !key.StartsWith("mlflow.", StringComparison.Ordinal))));
    }

    [Theory]
    [InlineData("1767225600123")]
    [InlineData("\"2026-01-01T00:00:00.123\"")]
    public async Task A_time_that_is_none_loses_duration_and_state(string time)
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        await server.ExportAsync([_root]);

        await server.StartTraceAsync(_root.TraceId, $$"""{"request_time":{{time}}}""").JsonAsync();

        var trace = server.Trace(_root.TraceId);
        Assert.Equal((DateTimeOffset.UnixEpoch, null, "STATE_UNSPECIFIED"), (trace.RequestTime, trace.Duration, trace.State));
    }

    [Theory]
    [InlineData("2026-01-01T00:00:00.1239999Z", 123)]
    [InlineData("2026-01-01T00:00:00.123456789Z", 123)]
    [InlineData("2026-01-01T01:00:00+01:00", 0)]
    public async Task Times_have_up_to_nine_decimals_and_any_zone(string time, int milliseconds)
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        await server.StartTraceAsync(_root.TraceId, $$"""{"request_time":"{{time}}"}""").JsonAsync();

        Assert.Equal(new DateTimeOffset(2026, 1, 1, 0, 0, 0, milliseconds, TimeSpan.Zero), server.Trace(_root.TraceId).RequestTime);
    }

    [Fact]
    public async Task Later_spans_change_no_times_but_their_tags_count()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        await server.ExportAsync([_root]);
        await server.StartTraceAsync(_root.TraceId, """{"trace_metadata":{"mlflow.trace.tokenUsage":"{\"total_tokens\":2}"},"tags":{"service.name":"mine"}}""").JsonAsync();

        await server.ExportAsync([_root.Child("late", ("gen_ai.usage.input_tokens", 30), ("gen_ai.usage.output_tokens", 40)) with { End = _root.End + 9_000_000_000 }], "0", ("service.name", "svc"));

        var trace = server.Trace(_root.TraceId);
        Assert.Equal((TimeSpan.FromSeconds(1), 2L, "svc", 2), (trace.Duration, trace.TokenUsage["total_tokens"], trace.Tags["service.name"], trace.Spans.Count));
    }

    [Fact]
    public async Task A_late_batch_without_usage_cost_and_session_does_change_the_duration()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        await server.ExportAsync([_root]);
        await server.StartTraceAsync(_root.TraceId).JsonAsync();

        await server.ExportAsync([_root.Child("late") with { End = _root.Start + 9_000_000_000 }]);

        Assert.Equal(TimeSpan.FromSeconds(9), server.Trace(_root.TraceId).Duration);
    }

    [Fact]
    public async Task Without_spans_the_trace_has_a_row_and_no_data()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        await server.StartTraceAsync(_root.TraceId).JsonAsync();

        using var get = await server.GetAsync($"{MlflowCalls.Traces}/get?trace_id=tr-{_root.TraceId}");

        Assert.Equal(500, (int)get.StatusCode);
        Assert.Contains("Trace data not stored in tracking store", await get.Content.ReadAsStringAsync(Limit.Token), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"trace_location":null}""", 500, "NoneType")]
    [InlineData("""{"trace_location":{"mlflow_experiment":{"experiment_id":"0"}}}""", 400, "TRACE_LOCATION_TYPE_UNSPECIFIED")]
    [InlineData("""{"trace_location":{"type":"MLFLOW_EXPERIMENT","mlflow_experiment":{"experiment_id":0}}}""", 500, "invalid literal")]
    [InlineData("""{"trace_id":""}""", 400, "must be a single path component")]
    [InlineData("""{"trace_metadata":{"mlflow.trace.session":"LONG"}}""", 400, "'Session ID' exceeds the maximum length of 250 characters")]
    public async Task What_cannot_be_stored_is_refused(string more, int status, string text)
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        using var response = await server.StartTraceAsync(_root.TraceId, more.Replace("LONG", new string('s', 251), StringComparison.Ordinal));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(text, await response.Content.ReadAsStringAsync(Limit.Token), StringComparison.Ordinal);
        Assert.Empty(server.Traces);
    }

    [Fact]
    public async Task Assessments_may_ride_along()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        await server.StartTraceAsync(_root.TraceId, """{"assessments":[{"assessment_name":"ok","source":{"source_type":"HUMAN","source_id":"u"},"feedback":{"value":4}}]}""").JsonAsync();

        var assessment = Assert.Single(server.Trace(_root.TraceId).Assessments);
        Assert.Equal(("ok", "HUMAN", "u", true, 4.0), (assessment.Name, assessment.SourceType, assessment.SourceId, assessment.IsFeedback, assessment.Value!.GetValue<double>()));
    }

    [Fact]
    public async Task Long_values_are_cut_in_answers()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);

        var answer = await server.StartTraceAsync(_root.TraceId, new JsonObject
        {
            ["tags"] = new JsonObject { ["t"] = new string('t', 5000) },
            ["trace_metadata"] = new JsonObject { ["m"] = new string('m', 5000) },
        }.ToJsonString()).JsonAsync();

        var info = answer["trace"]!["trace_info"]!;
        Assert.Equal((4096, 250), (info["tags"]!["t"]!.ToString().Length, info["trace_metadata"]!["m"]!.ToString().Length));
    }
}
