using System.Diagnostics;
using LlamaStack.IntegrationTests;
using LlamaStack.Testing;
using LlamaStack.TestSupport;

namespace LlamaStack.Interop.Tests;

/// <summary>Each stack of .NET's AI libraries over our client or our handler: one span a model call, one tree a request, tokens once.</summary>
[Collection(nameof(Application))]
public sealed class StackTests(PeersFixture peers)
{
    public static TheoryData<string> Names => [.. Stacks.All.Select(stack => stack.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Into_the_stand_in(string name)
    {
        await using var mlflow = await MlflowTestServer.StartAsync(cancellationToken: TestContext.Current.CancellationToken);
        await ExpectAsync(Stacks.All.Single(stack => stack.Name == name), mlflow.Endpoint);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Into_a_real_MLflow(string name) =>
        await ExpectAsync(Stacks.All.Single(stack => stack.Name == name), (await peers.MlflowAsync()).Address);

    private static async Task ExpectAsync(StackRow stack, Uri mlflow)
    {
        await using var application = await Application.StartAsync(mlflow, stack.Sources);
        await stack.RunAsync(application);
        Assert.Null(Activity.Current);

        var traces = await application.TracesAsync();
        var (expected, actual) = (string.Join("\n\n", stack.Tree), string.Join("\n\n", traces.Select(TreeOf)));
        Assert.True(expected == actual, $"expected\n{expected}\n\nactual\n{actual}");
        Assert.All(traces, trace => Assert.Equal("OK", trace.State));
        Assert.All(traces, trace => Assert.False(string.IsNullOrWhiteSpace(trace.RequestPreview) || trace.RequestPreview.StartsWith('{'), trace.RequestPreview));
        var spans = traces.SelectMany(trace => trace.Spans).ToList();
        Assert.All(spans, span => Assert.Equal("STATUS_CODE_OK", span.Status));
        Assert.Equal(application.Wire.Calls, spans.Count(span => span.Type is "CHAT_MODEL" or "EMBEDDING" or "RETRIEVER"));
        if (!stack.LeavesEarly)
        {
            Assert.Equal(application.Wire.Tokens, (traces.Sum(trace => Tokens(trace, "input_tokens")), traces.Sum(trace => Tokens(trace, "output_tokens"))));
        }

        // What MLflow adds up for a trace is the sum over its spans, and so they must be right one by one.
        Assert.All(spans.Where(span => span.Type is not ("CHAT_MODEL" or "EMBEDDING")), span => Assert.DoesNotContain(span.Attributes.Keys, key => key.Contains("usage", StringComparison.OrdinalIgnoreCase)));
    }

    private static long Tokens(StoredTrace trace, string kind) => (long?)trace.TokenUsage?[kind] ?? 0;

    private static string TreeOf(StoredTrace trace) => SpanTree.Of(
        trace.Spans, span => span.Id, span => span.ParentId, span => $"{span.Name} {span.Type}{(span.Status == "STATUS_CODE_ERROR" ? " ERROR" : "")}");
}
