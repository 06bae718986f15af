using LlamaStack.Client;
using LlamaStack.Instrumentation;
using LlamaStack.IntegrationTests;
using LlamaStack.Testing;
using Microsoft.Agents.AI;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.Interop.Tests;

/// <summary>Turns of one thread of an agent are one session, and turns of several are not mixed up.</summary>
[Collection(nameof(Application))]
public sealed class ConversationTests(PeersFixture peers)
{
    private const string SecondQuestion = "And what does a microscope do?";
    private static readonly string[] _sources = ["Experimental.Microsoft.Agents.AI", "Experimental.Microsoft.Extensions.AI"];

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public async Task Two_turns_of_a_thread_in_a_scope_are_one_session(bool isResponses, bool isReal)
    {
        await using var standIn = await MlflowTestServer.StartAsync(cancellationToken: Ct);
        await using var application = await Application.StartAsync(isReal ? (await peers.MlflowAsync()).Address : standIn.Endpoint, _sources);
        var session = $"thread-{Guid.NewGuid():N}";
        using (LlamaStackTrace.BeginScope(session))
        {
            await AskTwiceAsync(application, isResponses);
        }

        var traces = await application.TracesAsync();
        Assert.Equal([(session, Stacks.Question), (session, SecondQuestion)], traces.Select(trace => (trace.Session!, trace.RequestPreview!)));
        Assert.All(traces, trace => Assert.Equal("helper", trace.Name));
        Assert.All(traces, trace => Assert.Contains("canned model", trace.ResponsePreview, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_answer_that_a_turn_goes_on_from_is_no_session(bool isReal)
    {
        await using var standIn = await MlflowTestServer.StartAsync(cancellationToken: Ct);
        await using var application = await Application.StartAsync(isReal ? (await peers.MlflowAsync()).Address : standIn.Endpoint, _sources);
        await AskTwiceAsync(application, isResponses: true);

        Assert.Equal([null, null], (await application.TracesAsync()).Select(trace => trace.Session));
    }

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private static async Task AskTwiceAsync(Application application, bool isResponses)
    {
        var client = isResponses ? application.Services.GetRequiredService<LlamaStackClient>().AsIResponsesChatClient() : application.Chat;
        var agent = new ChatClientAgent(client, name: "helper").AsBuilder().UseOpenTelemetry().Build();
        var thread = await agent.CreateSessionAsync(Ct);
        await agent.RunAsync(Stacks.Question, thread, cancellationToken: Ct);
        await agent.RunAsync(SecondQuestion, thread, cancellationToken: Ct);
    }
}
