using System.Globalization;
using System.Net;
using LlamaStack.Mlflow;

namespace LlamaStack.IntegrationTests;

/// <summary>The figures of MLflow's dashboards, on a real MLflow and on the stand-in.</summary>
public sealed class MetricsContractTests(PeersFixture peers)
{
    public static TheoryData<string> Servers => ServerUnderTest.Kinds;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Servers))]
    public async Task Dashboards_ask_and_are_answered(string kind)
    {
        await using var server = await ServerUnderTest.StartAsync(kind, peers);
        var first = await server.SendTraceAsync("ask", Call(10, 5, "CHAT_MODEL", "s1"));
        await server.SendTraceAsync("ask", Call(20, 7, "CHAT_MODEL", "s1"));
        await server.SendTraceAsync("other", Call(1, 1, "LLM", "s2"));
        await server.SendTraceAsync("plain");
        foreach (var value in new[] { 1.0, 0.5 })
        {
            await server.Client.LogFeedbackAsync(first, new MlflowFeedback { Name = "score", Value = value, Source = MlflowAssessmentSource.Code("c") }, Token);
        }

        await server.Client.LogFeedbackAsync(first, new MlflowFeedback { Name = "good", Value = true, Source = MlflowAssessmentSource.Human("u") }, Token);

        await AssertAsync(server, Of("trace_count", MlflowMetricAggregation.Count), "COUNT=4");
        await AssertAsync(server, Of("trace_count", MlflowMetricAggregation.Count) with { Dimensions = ["trace_name"] }, "trace_name=ask COUNT=2", "trace_name=other COUNT=1", "trace_name=plain COUNT=1");
        await AssertAsync(server, Of("trace_count", MlflowMetricAggregation.Count) with { Filters = ["trace.status = 'OK'", "trace.tag.`mlflow.traceName` = 'ask'"] }, "COUNT=2");
        await AssertAsync(server, Of("session_count", MlflowMetricAggregation.Count), "COUNT=2");
        await AssertAsync(server, Of("total_tokens", MlflowMetricAggregation.Sum, MlflowMetricAggregation.Average, MlflowMetricAggregation.Max), "AVG=14.6666667 MAX=27 SUM=44");
        await AssertAsync(server, Of("cache_read_input_tokens", MlflowMetricAggregation.Sum));
        await AssertAsync(server, Of("latency", MlflowMetricAggregation.Percentile(50), MlflowMetricAggregation.Percentile(99.5), MlflowMetricAggregation.Min), "MIN=1234 P50.0=1234 P99.5=1234");
        var spans = Of("span_count", MlflowMetricAggregation.Count) with { View = MlflowMetricsView.Spans };
        await AssertAsync(server, spans with { Dimensions = ["span_type"] }, "span_type=CHAT_MODEL COUNT=2", "span_type=LLM COUNT=1");
        await AssertAsync(server, spans with { Filters = ["span.type = 'LLM'"] }, "COUNT=1");
        await AssertAsync(server, Of("total_cost", MlflowMetricAggregation.Sum) with { View = MlflowMetricsView.Spans, Dimensions = ["span_model_name", "span_model_provider"] }, "span_model_name=m span_model_provider=p SUM=0.044");
        var assessments = Of("assessment_count", MlflowMetricAggregation.Count) with { View = MlflowMetricsView.Assessments };
        await AssertAsync(server, assessments with { Dimensions = ["assessment_name"] }, "assessment_name=good COUNT=1", "assessment_name=score COUNT=2");
        await AssertAsync(server, assessments with { Dimensions = ["assessment_value"], Filters = ["assessment.name = 'good'"] }, "assessment_value=true COUNT=1");
        await AssertAsync(server, Of("assessment_value", MlflowMetricAggregation.Average) with { View = MlflowMetricsView.Assessments, Dimensions = ["assessment_name"] }, "assessment_name=good AVG=1", "assessment_name=score AVG=0.75");
        var began = DateTimeOffset.FromUnixTimeMilliseconds(1767225600123);
        await AssertAsync(server, Of("trace_count", MlflowMetricAggregation.Count) with { From = began, Until = began, Interval = TimeSpan.FromHours(1) }, "time_bucket=2026-01-01T00:00:00+00:00 COUNT=4");
        await AssertAsync(server, Of("trace_count", MlflowMetricAggregation.Count) with { From = began.AddMilliseconds(1) }, "COUNT=0");
        await RefusedAsync(server, Of("nonsense", MlflowMetricAggregation.Count), "metric_name must be one of");
        await RefusedAsync(server, Of("trace_count", MlflowMetricAggregation.Sum), "Supported aggregation types: ['COUNT']");
        await RefusedAsync(server, Of("trace_count", MlflowMetricAggregation.Count) with { Dimensions = ["span_type"] }, "Supported dimensions: ['trace_name', 'trace_status']");
        await RefusedAsync(server, Of("trace_count", MlflowMetricAggregation.Count) with { Filters = ["span.type = 'LLM'"] }, "only supported for SPANS view type, got TRACES");
        await RefusedAsync(server, Of("trace_count", MlflowMetricAggregation.Count) with { Filters = ["trace.nonsense = 'x'"] }, "Invalid entity 'nonsense'");
    }

    private static string Call(int input, int output, string type, string session) => $$$"""
        {"key":"mlflow.chat.tokenUsage","value":{"stringValue":"{\"input_tokens\":{{{input}}},\"output_tokens\":{{{output}}},\"total_tokens\":{{{input + output}}}}"}},
        {"key":"mlflow.llm.cost","value":{"stringValue":"{\"input_cost\":{{{Thousandth(input)}}},\"output_cost\":{{{Thousandth(output)}}},\"total_cost\":{{{Thousandth(input + output)}}}}"}},
        {"key":"mlflow.llm.model","value":{"stringValue":"m"}},{"key":"mlflow.llm.provider","value":{"stringValue":"p"}},
        {"key":"mlflow.spanType","value":{"stringValue":"{{{type}}}"}},{"key":"session.id","value":{"stringValue":"{{{session}}}"}}
        """;

    private static string Thousandth(int number) => (number / 1000.0).ToString(CultureInfo.InvariantCulture);

    private static MlflowMetricsQuery Of(string metric, params MlflowMetricAggregation[] aggregations) => new() { ExperimentIds = [], Metric = metric, Aggregations = aggregations };

    private static async Task AssertAsync(ServerUnderTest server, MlflowMetricsQuery query, params string[] points)
    {
        var answered = await server.Client.QueryTraceMetricsAsync(query with { ExperimentIds = [server.Experiment.Id] }, Token).ToListAsync(Token);
        Assert.All(answered, point => Assert.Equal(query.Metric, point.Metric));
        Assert.Equal(points, answered.Select(Text).Order(StringComparer.Ordinal));
    }

    private static async Task RefusedAsync(ServerUnderTest server, MlflowMetricsQuery query, string words)
    {
        var refusal = await Assert.ThrowsAsync<MlflowException>(async () => await server.Client.QueryTraceMetricsAsync(query with { ExperimentIds = [server.Experiment.Id] }, Token).ToListAsync(Token));
        Assert.Equal(HttpStatusCode.BadRequest, refusal.StatusCode);
        Assert.Contains(words, refusal.Message, StringComparison.Ordinal);
    }

    private static string Text(MlflowMetricPoint point) => string.Join(
        ' ',
        point.Dimensions.OrderBy(dimension => dimension.Key, StringComparer.Ordinal).Select(dimension => $"{dimension.Key}={dimension.Value}")
            .Concat(point.Values.OrderBy(value => value.Key, StringComparer.Ordinal).Select(value => string.Create(CultureInfo.InvariantCulture, $"{value.Key}={Math.Round(value.Value, 7)}"))));
}
