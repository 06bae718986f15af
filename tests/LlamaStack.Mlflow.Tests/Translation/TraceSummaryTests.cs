using System.Diagnostics;
using CsCheck;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow.Tests.Translation;

public sealed class TraceSummaryTests : IDisposable
{
    private readonly TestSpans _spans = new();

    public void Dispose() => _spans.Dispose();

    [Theory]
    [InlineData(null, 3, null)]
    [InlineData("", 3, "")]
    [InlineData("abc", 3, "abc")]
    [InlineData("abcd", 3, "abc")]
    [InlineData("ab😀", 3, "ab")]
    [InlineData("ab😀c", 4, "ab😀")]
    [InlineData("😀", 1, "")]
    public void A_text_is_never_cut_through_a_character(string? text, int length, string? cut) => Assert.Equal(cut, TraceSummary.Cut(text, length));

    [Fact]
    public void What_is_cut_is_a_whole_beginning_of_the_text() => Gen.Select(Gen.String, Gen.Int[1, 20]).Sample((text, length) =>
    {
        var cut = TraceSummary.Cut(text, length)!;
        Assert.StartsWith(cut, text, StringComparison.Ordinal);
        Assert.InRange(cut.Length, Math.Min(text.Length, Math.Max(length - 1, 0)), length);
    });

    [Theory]
    [InlineData(GenAIApi.ChatCompletions, """{"messages":[{"role":"user","content":"Q"}]}""", """{"choices":[{"message":{"content":"A"}}]}""", null, null)]
    [InlineData(GenAIApi.ChatCompletions, """{"messages":[{"role":"user","content":"Q"}]}""", """{"choices":[{"message":{"refusal":"No"}}]}""", null, "No")]
    [InlineData(GenAIApi.Responses, """{"input":"Q"}""", """{"output":[{"type":"message","content":[{"type":"output_text","text":"A"}]}]}""", "Q", null)]
    [InlineData(GenAIApi.Completions, """{"prompt":"Q"}""", """{"choices":[{"text":"A"}]}""", "Q", "A")]
    [InlineData(GenAIApi.Embeddings, """{"input":"Q"}""", """{"data":[{"embedding":[1]}]}""", "Q", "1 vector of 1 numbers")]
    internal void A_call_that_is_its_own_root_has_a_preview_where_MLflow_finds_none(GenAIApi api, string request, string response, string? requestPreview, string? responsePreview)
    {
        var call = _spans.Call(api, request, response);

        var summary = new CompletedTrace([call], call).Summary!;

        Assert.Equal(requestPreview, summary.RequestPreview);
        Assert.Equal(responsePreview, summary.ResponsePreview);
    }

    [Fact]
    public void Previews_are_cut_to_a_thousand_characters_and_never_through_one()
    {
        var call = _spans.Call(GenAIApi.Completions, $$"""{"prompt":"{{new string('q', 999)}}😀😀"}""", $$"""{"choices":[{"text":"{{new string('a', 998)}}😀😀"}]}""");

        var summary = new CompletedTrace([call], call).Summary!;

        Assert.Equal(999, summary.RequestPreview!.Length);
        Assert.Equal(new string('a', 998) + "😀", summary.ResponsePreview);
    }

    [Theory]
    [InlineData("session.id", "root", "root")]
    [InlineData("session.id", "child", "child")]
    [InlineData("gen_ai.conversation.id", "child", "child")]
    public void A_session_is_found_on_any_span(string key, string where, string session)
    {
        var root = _spans.Span("root", tags: where == "root" ? [(key, session)] : []);
        var child = _spans.Span("child", parent: root, tags: where == "child" ? [(key, session)] : []);

        Assert.Equal(session, new CompletedTrace([child, root], root).Summary!.Session);
    }

    [Fact]
    public void What_the_application_says_of_the_trace_goes_before_all()
    {
        var root = _spans.Span("root", tags: [("session.id", "tag"), ("user.id", "tag")]);
        var details = TraceDetails.OfOrNew(root);
        (details.Name, details.Session, details.User, details.RequestPreview, details.ResponsePreview) = ("named", "s", "u", "q", "a");

        var summary = new CompletedTrace([root], root).Summary!;

        Assert.Equal(("named", "s", "u", "q", "a"), (summary.Name, summary.Session, summary.User, summary.RequestPreview, summary.ResponsePreview));
    }

    [Fact]
    public void Parts_of_a_trace_without_its_root_tell_nothing_of_the_whole() => Assert.Null(new CompletedTrace([_spans.Span()], null).Summary);

    [Theory]
    [InlineData(ActivityKind.Server, ActivityStatusCode.Unset, null, true)]
    [InlineData(ActivityKind.Server, ActivityStatusCode.Ok, null, false)]
    [InlineData(ActivityKind.Server, ActivityStatusCode.Error, null, true)]
    [InlineData(ActivityKind.Server, ActivityStatusCode.Error, "something else", false)]
    [InlineData(ActivityKind.Internal, ActivityStatusCode.Unset, null, false)]
    public void A_failed_last_call_is_the_requests_failure_unless_something_else_was_said(ActivityKind kind, ActivityStatusCode status, string? description, bool fails)
    {
        var root = _spans.Span("root", kind);
        root.SetStatus(status, description);
        var call = _spans.Call(GenAIApi.ChatCompletions, null, null, root);
        call.SetStatus(ActivityStatusCode.Error, "asleep");

        Assert.Same(fails ? call : null, new CompletedTrace([call, root], root).Summary!.Failure);
    }
}
