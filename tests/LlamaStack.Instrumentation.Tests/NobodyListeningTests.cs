namespace LlamaStack.Instrumentation.Tests;

/// <summary>With nobody listening the handler is not there. Runs alone: in any other test somebody listens.</summary>
[Collection(nameof(Alone))]
public sealed class NobodyListeningTests
{
    [Fact]
    public void The_handler_allocates_nothing_and_does_not_touch_the_exchange()
    {
        Assert.False(LlamaStackDiagnostics.Source.HasListeners());
        using var response = StubServer.Json("{}");
        var content = response.Content;
        using var bare = new HttpMessageInvoker(new ReadyServer(response));
        using var handled = new HttpMessageInvoker(new GenAIInstrumentationHandler(new ReadyServer(response)));
        using var request = Calls.Post(Calls.ChatPath, Calls.Hello);

        Assert.Equal(Allocated(bare, request), Allocated(handled, request));
        Assert.Same(content, response.Content);
    }

    private static long Allocated(HttpMessageInvoker invoker, HttpRequestMessage request)
    {
        for (var warmUp = 0; warmUp < 100; warmUp++)
        {
            Send(invoker, request);
        }

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var call = 0; call < 1000; call++)
        {
            Send(invoker, request);
        }

        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static void Send(HttpMessageInvoker invoker, HttpRequestMessage request)
    {
        var sent = invoker.SendAsync(request, CancellationToken.None);
        Assert.True(sent.IsCompletedSuccessfully);
    }

    /// <summary>Has its answer ready, in one task for all calls.</summary>
    private sealed class ReadyServer(HttpResponseMessage response) : HttpMessageHandler
    {
        private readonly Task<HttpResponseMessage> _answer = Task.FromResult(response);

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => _answer;
    }
}
