using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using LlamaStack.TestSupport;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>Do we follow the convention? Each file of <c>Cases</c> is an exchange and the span it must give; a new case is a new file.</summary>
/// <remarks>
/// With <c>LLAMASTACK_WRITE_CASES=true</c> a case that fails is written anew with what was recorded, and still fails: for a change of the convention, to be read line by line before it is kept.
/// </remarks>
public sealed class SpanCaseTests
{
    public static TheoryData<string> Cases() => [.. SpanCase.Names];

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_span_is_as_the_case_says(string name)
    {
        var test = SpanCase.Read(name);
        using var spans = Calls.Collect();
        using var client = Calls.Client(CaseCaller.Server(test));

        await CaseCaller.CallAsync(client, test);
        if (test.Ending is CaseCaller.Forgotten)
        {
            Collect(spans);
        }

        if (test.Span is null)
        {
            Assert.Empty(spans.Spans);
            return;
        }

        var span = Calls.Only(spans);
        Assert.Equal(ActivityKind.Client, span.Kind);
        Assert.Equal(test.Request, Calls.Inputs(span));
        var recorded = SpanForm.Of(span, withOutputs: test.Span.ContainsKey("outputs"));
        if (!AreEqual(test.Span, recorded))
        {
            if (Environment.GetEnvironmentVariable("LLAMASTACK_WRITE_CASES") == "true")
            {
                test.Rewrite(recorded);
            }

            Assert.Fail($"expected {test.Span.ToJsonString()}\nrecorded {recorded.ToJsonString()}");
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public async Task The_caller_sees_the_same_with_and_without_the_handler(string name)
    {
        var test = SpanCase.Read(name);
        using var spans = Calls.Collect();
        StubServer bareServer = CaseCaller.Server(test), observedServer = CaseCaller.Server(test);
        using var bareClient = new HttpClient(bareServer);
        using var observedClient = Calls.Client(observedServer);

        var bare = await CaseCaller.CallAsync(bareClient, test);
        var observed = await CaseCaller.CallAsync(observedClient, test);

        Assert.Equal(bare.Head, observed.Head);
        Assert.Equal(bare.Thrown, observed.Thrown);
        Assert.Equal(bare.Body, observed.Body);
        Assert.Equal(bareServer.Requests.Select(request => request.Body), observedServer.Requests.Select(request => request.Body));
        if (test.Ending is null)
        {
            Assert.Equal(test.Pieces.SelectMany(piece => piece), bare.Body);
            using var request = Calls.Post(test.Url, test.Request);
            using var buffered = await observedClient.SendAsync(request, TestContext.Current.CancellationToken);
            Assert.Equal(bare.Body, await buffered.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_a_case_expects_is_on_the_wire(string name) => WireReading.Check(SpanCase.Read(name));

    [Fact]
    public void Every_ending_is_tried_with_every_kind_of_answer()
    {
        var tried = SpanCase.Names.Select(SpanCase.Read).Where(test => test.Span is not null)
            .Select(test => (new Uri(test.Url).AbsolutePath.Split('/')[^1], test.IsStream, test.Ending)).ToHashSet();

        Assert.True(SpanCase.Names.Count() >= 120);
        Assert.All(
            from kind in new[] { ("completions", true), ("responses", true), ("completions", false), ("responses", false), ("embeddings", false) }
            from ending in new[] { null, CaseCaller.Cut, CaseCaller.EndsEarly, CaseCaller.Cancelled, CaseCaller.TimedOut, CaseCaller.Disposed, CaseCaller.NeverRead, CaseCaller.Forgotten }
            select (kind.Item1, kind.Item2, ending),
            wanted => Assert.Contains(wanted, tried));
    }

    private static void Collect(SpanCollector spans)
    {
        for (var tries = 0; tries < 20 && spans.Spans.Count == 0; tries++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private static bool AreEqual(JsonObject expected, JsonObject recorded)
    {
        using JsonDocument one = JsonDocument.Parse(expected.ToJsonString()), other = JsonDocument.Parse(recorded.ToJsonString());
        return JsonElement.DeepEquals(one.RootElement, other.RootElement);
    }
}
