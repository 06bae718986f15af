using System.Diagnostics;
using System.Net;
using LlamaStack.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>How a call's span stands among others: its parent, what the server is told, and what is current before, during and after.</summary>
public sealed class ContextTests
{
    [Fact]
    public async Task A_traceparent_that_the_application_sets_itself_is_kept()
    {
        const string own = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        using var spans = Calls.Collect();
        var server = new StubServer(_ => StubServer.Json("{}"));
        using var client = Calls.Client(server);
        using var request = Calls.Post(Calls.ChatPath, Calls.Hello);
        request.Headers.Add("traceparent", own);

        (await client.SendAsync(request, TestContext.Current.CancellationToken)).Dispose();

        Assert.Equal(own, Assert.Single(server.Requests).TraceParent);
        Assert.True(request.Headers.Contains("traceparent"));
    }

    [Fact]
    public async Task Where_http_spans_are_exported_the_server_hangs_below_them()
    {
        using var spans = Calls.Collect();
        var server = new StubServer(_ => StubServer.Json("{}"));
        using var client = Calls.Client(server, new GenAIInstrumentationOptions { InjectTraceContext = false });

        await Calls.ReadAll(client, Calls.ChatPath, Calls.Hello);

        Assert.Null(Assert.Single(server.Requests).TraceParent);
    }

    [Fact]
    public async Task Two_handlers_in_one_pipeline_make_one_span()
    {
        using var spans = Calls.Collect();
        var inner = new GenAIInstrumentationHandler(new StubServer(_ => StubServer.Json("{}")));
        using var client = Calls.Client(inner);

        await Calls.ReadAll(client, Calls.ChatPath, Calls.Hello);

        spans.Only();
    }

    [Fact]
    public void A_synchronous_call_is_traced_alike()
    {
        using var spans = Calls.Collect();
        var server = new StubServer(_ => StubServer.Json("""{"id":"c-1","choices":[{"finish_reason":"stop","message":{"content":"Hi"}}]}"""));
        using var client = Calls.Client(server);
        using var request = Calls.Post(Calls.ChatPath, Calls.Hello);
        using var response = client.Send(request, TestContext.Current.CancellationToken);
        using var reader = new StreamReader(response.Content.ReadAsStream(TestContext.Current.CancellationToken));
        Assert.Contains("Hi", reader.ReadToEnd(), StringComparison.Ordinal);

        Assert.Same(spans.Root, Activity.Current);
        Assert.Equal("c-1", spans.Only().GetTagItem("gen_ai.response.id"));
        Assert.Equal(Calls.Hello, Calls.Inputs(spans.Only()));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task A_caller_who_says_not_sampled_silences_a_call_only_where_that_is_honored(bool honored, bool isRecorded)
    {
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("{}")), new GenAIInstrumentationOptions { HonorIncomingSampling = honored });
        using var request = new Activity("Microsoft.AspNetCore.Hosting.HttpRequestIn").SetParentId($"00-{spans.Root.TraceId}-b7ad6b7169203331-00");
        Activity.Current = null;
        request.Start();

        await Calls.ReadAll(client, Calls.ChatPath, Calls.Hello);

        Assert.Same(request, Activity.Current);
        if (isRecorded)
        {
            var span = spans.Only();
            Assert.Equal(default, span.ParentSpanId);
            Assert.NotEqual(spans.Root.TraceId, span.TraceId);
            Assert.Equal(request.SpanId, Assert.Single(span.Links).Context.SpanId);
        }
        else
        {
            Assert.DoesNotContain(spans.Spans, span => span.Links.Any());
        }
    }

    [Fact]
    public async Task No_secret_of_the_request_reaches_the_span()
    {
        const string secret = "sk-planted-secret";
        using var spans = Calls.Collect();
        using var client = Calls.Client(new StubServer(_ => StubServer.Json("""{"error":{"message":"Invalid key."}}""", HttpStatusCode.Unauthorized)));
        using var request = Calls.Post(Calls.ChatPath, Calls.Hello);
        request.Headers.Authorization = new("Bearer", secret);
        request.Headers.Add("X-OGX-Provider-Data", $$"""{"openai_api_key":"{{secret}}"}""");

        (await client.SendAsync(request, TestContext.Current.CancellationToken)).Dispose();

        var span = spans.Only();
        var everything = string.Join('\n', span.TagObjects.Select(tag => $"{tag.Key}={tag.Value}"))
            + string.Join('\n', span.Events.SelectMany(happened => happened.Tags).Select(tag => $"{tag.Value}"))
            + span.StatusDescription + Calls.Inputs(span) + Calls.Outputs(span);
        Assert.DoesNotContain(secret, everything, StringComparison.Ordinal);
        Assert.Equal("Invalid key.", span.StatusDescription);
    }

    [Fact]
    public async Task The_handler_added_to_a_client_is_the_outermost_whenever_it_is_added()
    {
        using var spans = Calls.Collect();
        var services = new ServiceCollection();
        var attempts = 0;
        services.AddHttpClient("models")
            .AddHttpMessageHandler(() => new TwiceHandler())
            .AddGenAIInstrumentation()
            .AddGenAIInstrumentation(options => options.ProviderName = "vllm")
            .ConfigurePrimaryHttpMessageHandler(() => new StubServer(_ => StubServer.Json("{}", attempts++ == 0 ? HttpStatusCode.BadGateway : HttpStatusCode.OK)));
        await using var provider = services.BuildServiceProvider(new ServiceProviderOptions { ValidateOnBuild = true, ValidateScopes = true });
        using var client = provider.GetRequiredService<IHttpClientFactory>().CreateClient("models");

        await Calls.ReadAll(client, Calls.ChatPath, Calls.Hello);

        Assert.Equal(2, attempts);
        Assert.Equal("vllm", spans.Only().GetTagItem("gen_ai.provider.name"));
    }
}
