using System.Diagnostics;
using System.Text.Json.Nodes;
using Xunit;

namespace LlamaStack.Testing.Tests;

/// <summary>Spans that were sent to a real MLflow 3.18, and what that made of them.</summary>
public sealed class MlflowParityTests : IAsyncLifetime
{
    private static readonly JsonNode _parity = Fixtures.Read("mlflow-golden/otlp-parity", "parity.json");
    private MlflowTestTrace? _trace;

    public async ValueTask InitializeAsync()
    {
        await using var server = await MlflowTestServer.StartAsync(cancellationToken: Limit.Token);
        var sent = Fixtures.Read("mlflow-golden/otlp-parity", "sent.json").AsArray();
        var root = Read(sent[0]!, null, 0);
        var spans = sent.Select((span, place) => place == 0 ? root : Read(span!, root, place));
        await server.ExportAsync(spans);
        _trace = await server.WaitForTraceAsync(root.TraceId, Limit.Token);
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public void Name_previews_session_and_user_are_the_real_server_s()
    {
        Assert.Equal(_parity["name"]!.ToString(), _trace!.Name);
        Assert.Equal(_parity["state"]!.ToString(), _trace.State);
        Assert.Equal(_parity["request_preview"]!.ToString(), _trace.RequestPreview);
        Assert.Equal(_parity["response_preview"]!.ToString(), _trace.ResponsePreview);
        Assert.Equal(_parity["session"]!.ToString(), _trace.SessionId);
        Assert.Equal(_parity["user"]!.ToString(), _trace.User);
        Assert.Equal(_parity["metadata_keys"]!.AsArray().Select(static key => key!.ToString()), _trace.Metadata.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(_parity["tag_keys"]!.AsArray().Select(static key => key!.ToString()), _trace.Tags.Keys.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Tokens_are_the_real_server_s() =>
        Assert.Equal(_parity["token_usage"]!.ToJsonString(), new JsonObject(_trace!.TokenUsage.Select(static sum => KeyValuePair.Create(sum.Key, (JsonNode?)sum.Value))).ToJsonString());

    [Fact]
    public void Cost_is_the_client_s_own_as_there_is_no_price_list()
    {
        Assert.Equal(0.003, _trace!.Cost["total_cost"], 9);
        Assert.DoesNotContain("mlflow.llm.cost", _trace.Spans.Single(static span => span.Name == "chat gpt-4o-mini").Attributes.Keys);
    }

    [Fact]
    public void Types_models_providers_and_tools_are_the_real_server_s()
    {
        var expected = _parity["spans"]!.AsArray().Select(static span => string.Join(
            " | ",
            span!["name"],
            span["kind"],
            span["type"],
            span["store_span_row"]!["type"],
            span["model"],
            span["provider"],
            JsonShape.Canonical(span["tokens"]),
            JsonShape.Canonical(span["tools"]),
            JsonShape.Canonical(span["inputs"]),
            JsonShape.Canonical(span["outputs"])));

        Assert.Equal(expected, _trace!.Spans.Select(static span => string.Join(
            " | ",
            span.Name,
            OtlpEnums.KindName(span.Kind),
            span.Attributes.GetValueOrDefault("mlflow.spanType"),
            span.Type,
            span.Attributes.GetValueOrDefault("mlflow.llm.model"),
            span.Attributes.GetValueOrDefault("mlflow.llm.provider"),
            JsonShape.Canonical(span.Attributes.GetValueOrDefault("mlflow.chat.tokenUsage")),
            JsonShape.Canonical(span.Attributes.GetValueOrDefault("mlflow.chat.tools")),
            JsonShape.Canonical(span.Attributes.GetValueOrDefault("mlflow.spanInputs")),
            JsonShape.Canonical(span.Attributes.GetValueOrDefault("mlflow.spanOutputs")))));
    }

    private static SentSpan Read(JsonNode span, SentSpan? root, int place)
    {
        (string, object?)[] attributes = [.. span["attributes"]!.AsObject().Select(static attribute => (attribute.Key, (object?)attribute.Value!.ToString()))];
        var read = root?.Child(span["name"]!.ToString(), attributes) ?? new SentSpan(span["name"]!.ToString(), attributes);
        return read with
        {
            Kind = Enum.Parse<ActivityKind>(span["kind"]!.ToString()["SPAN_KIND_".Length..], ignoreCase: true),
            Start = SentSpan.DefaultStart + (ulong)place,
            Status = ActivityStatusCode.Ok,
        };
    }
}
