using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;

namespace LlamaStack.Client.Tests;

/// <summary>Over a real socket: what the client sends, and how each ending of a call looks.</summary>
public sealed class TransportTests
{
    private const string Chunk = """{"id":"c","choices":[{"index":0,"delta":{"content":"Hi"}}]}""";

    private static readonly ChatCompletionRequest _request = new() { Model = "m", Messages = [ChatCompletionMessage.User("Hi")] };

    [Fact]
    public async Task A_call_carries_what_the_settings_say_and_no_client_version()
    {
        var seen = new TaskCompletionSource<(string Path, IHeaderDictionary Headers, string Body)>();
        await using var server = await LoopbackServer.StartAsync(async context =>
        {
            using var reader = new StreamReader(context.Request.Body);
            seen.SetResult((context.Request.Path, new HeaderDictionary(context.Request.Headers.ToDictionary()), await reader.ReadToEndAsync(context.RequestAborted)));
            await context.Response.WriteAsJsonAsync(new { id = "c", choices = Array.Empty<object>() }, context.RequestAborted);
        });
        var client = server.Client(options =>
        {
            options.Endpoint = new Uri(options.Endpoint!, "base/v1/");
            options.ApiKey = "key-1";
            options.ProviderData["openai_api_key"] = "sk-ü";
        });

        await client.CreateChatCompletionAsync(_request, Ct);

        var (path, headers, body) = await seen.Task.Soon();
        Assert.Equal("/base/v1/chat/completions", path);
        Assert.Equal("Bearer key-1", headers.Authorization);
        Assert.Equal("""{"openai_api_key":"sk-\u00FC"}""", headers["X-OGX-Provider-Data"]);
        Assert.Equal(headers["X-OGX-Provider-Data"], headers["X-LlamaStack-Provider-Data"]);
        Assert.Equal($"LlamaStack.Client/{LlamaStackClientDiagnostics.Version}", headers.UserAgent);
        Assert.Equal("application/json", headers.ContentType);
        Assert.Equal(body.Length, headers.ContentLength);
        Assert.Equal("""{"model":"m","messages":[{"role":"user","content":"Hi"}]}""", body);
        Assert.Equal(
            ["Authorization", "Content-Length", "Content-Type", "Host", "User-Agent", "X-LlamaStack-Provider-Data", "X-OGX-Provider-Data"],
            headers.Keys.Where(name => name != "traceparent").Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Each_event_is_there_when_it_was_sent()
    {
        var read = new[] { new TaskCompletionSource(), new TaskCompletionSource() };
        await using var server = await LoopbackServer.StartAsync(async context =>
        {
            await LoopbackServer.StartEventsAsync(context);
            foreach (var next in read)
            {
                await LoopbackServer.SendEventAsync(context, Chunk);
                await next.Task.Soon();
            }
        });

        var count = 0;
        await foreach (var chunk in server.Client().StreamChatCompletionAsync(_request, Ct))
        {
            Assert.Equal("Hi", chunk.Choices[0].Delta!.Content!.Text);
            read[count++].SetResult();
        }

        Assert.Equal(2, count);
    }

    [Fact]
    public async Task A_stream_that_is_cut_is_an_exception_with_the_cause_inside()
    {
        var read = new TaskCompletionSource();
        await using var server = await LoopbackServer.StartAsync(async context =>
        {
            await LoopbackServer.StartEventsAsync(context);
            await LoopbackServer.SendEventAsync(context, Chunk);
            await read.Task.Soon();
            context.Abort();
        });

        var error = await Assert.ThrowsAsync<LlamaStackException>(async () =>
        {
            await foreach (var _ in server.Client().StreamChatCompletionAsync(_request, Ct))
            {
                read.SetResult();
            }
        });

        Assert.True(read.Task.IsCompleted);
        Assert.True(error.InnerException is IOException or HttpRequestException);
        Assert.Contains("broke off its answer", error.Message, StringComparison.Ordinal);
        Assert.False(error.IsTimeout);
    }

    [Fact]
    public async Task A_plain_answer_that_is_cut_is_an_exception_with_the_cause_inside()
    {
        await using var server = await LoopbackServer.StartAsync(async context =>
        {
            context.Response.ContentLength = 100;
            await context.Response.WriteAsync("{", context.RequestAborted);
            context.Abort();
        });
        var error = await Assert.ThrowsAsync<LlamaStackException>(() => server.Client().CreateChatCompletionAsync(_request, Ct));
        Assert.IsAssignableFrom<Exception>(error.InnerException);
        Assert.Contains("did not answer", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_that_falls_silent_times_out(bool beforeItsFirstEvent)
    {
        var time = new TimerWatch();
        var left = new TaskCompletionSource();
        await using var server = await LoopbackServer.StartAsync(async context =>
        {
            var leaving = LoopbackServer.LeftAsync(context);
            await LoopbackServer.StartEventsAsync(context);
            if (!beforeItsFirstEvent)
            {
                await LoopbackServer.SendEventAsync(context, Chunk);
            }

            await leaving.Soon();
            left.SetResult();
        });
        var client = server.Client(options => options.StreamIdleTimeout = TimeSpan.FromSeconds(90), time);
        await using var stream = client.StreamChatCompletionAsync(_request, Ct).GetAsyncEnumerator(Ct);
        if (!beforeItsFirstEvent)
        {
            Assert.True(await stream.MoveNextAsync());
        }

        var next = stream.MoveNextAsync().AsTask();
        await time.Armed(TimeSpan.FromSeconds(90)).Soon();
        time.Advance(TimeSpan.FromSeconds(89));
        Assert.False(next.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));

        var error = await Assert.ThrowsAsync<LlamaStackException>(() => next).Soon();
        Assert.True(error.IsTimeout);
        Assert.IsType<TimeoutException>(error.InnerException);
        Assert.Contains("broke off its answer within 00:01:30 (setting LlamaStack:StreamIdleTimeout)", error.Message, StringComparison.Ordinal);
        await left.Task.Soon();
    }

    [Fact]
    public async Task A_slow_stream_does_not_time_out()
    {
        var time = new TimerWatch();
        var read = Enumerable.Range(0, 5).Select(_ => new TaskCompletionSource()).ToList();
        await using var server = await LoopbackServer.StartAsync(async context =>
        {
            await LoopbackServer.StartEventsAsync(context);
            foreach (var next in read)
            {
                await LoopbackServer.SendEventAsync(context, Chunk);
                await next.Task.Soon();
            }
        });

        var count = 0;
        await foreach (var _ in server.Client(options => options.StreamIdleTimeout = TimeSpan.FromSeconds(90), time).StreamChatCompletionAsync(_request, Ct))
        {
            // The reader takes its time: nobody waits for the server meanwhile.
            time.Advance(TimeSpan.FromSeconds(89));
            read[count++].SetResult();
        }

        Assert.Equal(5, count);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_times_out()
    {
        await using var server = await LoopbackServer.StartAsync(context => LoopbackServer.LeftAsync(context).Soon());
        var client = server.Client(options => options.Timeout = TimeSpan.FromMilliseconds(50));

        var plain = await Assert.ThrowsAsync<LlamaStackException>(() => client.CreateChatCompletionAsync(_request, Ct));
        var streamed = await Assert.ThrowsAsync<LlamaStackException>(() => client.StreamChatCompletionAsync(_request, Ct).ToListAsync());

        Assert.All([plain, streamed], error =>
        {
            Assert.True(error.IsTimeout);
            Assert.Null(error.StatusCode);
            Assert.Contains("did not answer within 00:00:00.0500000 (setting LlamaStack:Timeout)", error.Message, StringComparison.Ordinal);
            Assert.IsAssignableFrom<OperationCanceledException>(error.InnerException);
        });
    }

    [Fact]
    public async Task A_caller_that_cancels_gets_its_own_cancellation()
    {
        var arrived = new SemaphoreSlim(0);
        await using var server = await LoopbackServer.StartAsync(async context =>
        {
            var leaving = LoopbackServer.LeftAsync(context);
            if (context.Request.Path.Value!.EndsWith("completions", StringComparison.Ordinal))
            {
                await LoopbackServer.StartEventsAsync(context);
                await LoopbackServer.SendEventAsync(context, Chunk);
            }

            arrived.Release();
            await leaving.Soon();
            arrived.Release();
        });
        var client = server.Client();

        using (var cancel = new CancellationTokenSource())
        {
            var call = client.CreateResponseAsync(new ResponseRequest(), cancel.Token);
            await arrived.WaitAsync(Ct).Soon();
            await cancel.CancelAsync();
            var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
            Assert.Equal(cancel.Token, error.CancellationToken);
            await arrived.WaitAsync(Ct).Soon();
        }

        using (var cancel = new CancellationTokenSource())
        {
            await using var stream = client.StreamChatCompletionAsync(_request, cancel.Token).GetAsyncEnumerator(CancellationToken.None);
            Assert.True(await stream.MoveNextAsync());
            var next = stream.MoveNextAsync().AsTask();
            await cancel.CancelAsync();
            var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => next);
            Assert.Equal(cancel.Token, error.CancellationToken);
            await arrived.WaitAsync(Ct).Soon();
            await arrived.WaitAsync(Ct).Soon();
        }

        using (var cancel = new CancellationTokenSource())
        {
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.CreateResponseAsync(new ResponseRequest(), cancel.Token));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (var _ in client.StreamChatCompletionAsync(_request, Ct).WithCancellation(cancel.Token))
                {
                }
            });
        }
    }

    [Fact]
    public async Task A_reader_that_leaves_closes_the_stream()
    {
        var left = new TaskCompletionSource();
        await using var server = await LoopbackServer.StartAsync(async context =>
        {
            var leaving = LoopbackServer.LeftAsync(context);
            await LoopbackServer.StartEventsAsync(context);
            await LoopbackServer.SendEventAsync(context, Chunk);
            await leaving.Soon();
            left.SetResult();
        });

        await foreach (var _ in server.Client().StreamChatCompletionAsync(_request, Ct))
        {
            break;
        }

        await left.Task.Soon();
    }

    [Fact]
    public async Task An_ended_stream_gives_its_connection_back()
    {
        var ports = new List<int>();
        await using var server = await LoopbackServer.StartAsync(async context =>
        {
            ports.Add(context.Connection.RemotePort);
            await LoopbackServer.StartEventsAsync(context);
            await LoopbackServer.SendEventAsync(context, """{"type":"response.completed","response":{"id":"r"}}""");
        });
        var client = server.Client();
        await client.StreamResponseAsync(new ResponseRequest(), Ct).ToListAsync();
        await client.StreamChatCompletionAsync(_request, Ct).ToListAsync();
        await client.StreamChatCompletionAsync(_request, Ct).ToListAsync();
        Assert.Equal(3, ports.Count);
        Assert.Equal(ports[1], ports[2]);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_named_with_the_setting()
    {
        using var socket = new TcpListener(IPAddress.Loopback, 0);
        socket.Start();
        var port = ((IPEndPoint)socket.LocalEndpoint).Port;
        socket.Stop();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        var client = new LlamaStackClient(http);

        var error = await Assert.ThrowsAsync<LlamaStackException>(() => client.GetHealthAsync(Ct));

        Assert.Contains($"http://127.0.0.1:{port}/v1/ cannot be reached", error.Message, StringComparison.Ordinal);
        Assert.Contains("Set LlamaStack:Endpoint or LLAMA_STACK_CLIENT_BASE_URL.", error.Message, StringComparison.Ordinal);
        Assert.IsType<HttpRequestException>(error.InnerException);
        Assert.Null(error.StatusCode);
    }

    [Fact]
    public async Task A_certificate_of_its_own_is_trusted_when_the_settings_say_so()
    {
        using var certificate = LoopbackServer.SelfSigned();
        using var other = LoopbackServer.SelfSigned();
        await using var server = await LoopbackServer.StartAsync(context => context.Response.WriteAsync("""{"status":"OK"}""", context.RequestAborted), certificate);
        var file = Path.Combine(Directory.CreateTempSubdirectory("llamastack-client-tests-").FullName, "server.pem");
        await File.WriteAllTextAsync(file, certificate.ExportCertificatePem(), Ct);
        var wrong = Path.Combine(Path.GetDirectoryName(file)!, "other.pem");
        await File.WriteAllTextAsync(wrong, other.ExportCertificatePem(), Ct);
        try
        {
            Assert.Equal("OK", (await server.Client(options => options.CertificateAuthorityFile = file).GetHealthAsync(Ct)).Status);
            Assert.Equal("OK", (await server.Client(options => options.AcceptAnyServerCertificate = true).GetHealthAsync(Ct)).Status);

            var unknown = await Assert.ThrowsAsync<LlamaStackException>(() => server.Client().GetHealthAsync(Ct));
            var mistaken = await Assert.ThrowsAsync<LlamaStackException>(() => server.Client(options => options.CertificateAuthorityFile = wrong).GetHealthAsync(Ct));
            var misnamed = await Assert.ThrowsAsync<LlamaStackException>(() => server.Client(options =>
            {
                options.Endpoint = new UriBuilder(options.Endpoint!) { Host = "127.0.0.1" }.Uri;
                options.CertificateAuthorityFile = file;
            }).GetHealthAsync(Ct));
            Assert.All([unknown, mistaken, misnamed], error =>
            {
                Assert.Contains("cannot be trusted", error.Message, StringComparison.Ordinal);
                Assert.Contains("LlamaStack:CertificateAuthorityFile", error.Message, StringComparison.Ordinal);
            });
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
        }
    }

    [Fact]
    public void The_connections_are_let_go_before_the_server_closes_them()
    {
        using var handler = ServerHttp.CreateHandler(new LlamaStackClientOptions());
        Assert.Equal(TimeSpan.FromSeconds(4), handler.PooledConnectionIdleTimeout);
        Assert.Equal(TimeSpan.FromMinutes(2), handler.PooledConnectionLifetime);
        Assert.Equal(DecompressionMethods.None, handler.AutomaticDecompression);
        Assert.False(handler.AllowAutoRedirect);
    }

    [Theory]
    [InlineData("http://h:8321", "http://h:8321/v1/")]
    [InlineData("http://h:8321/", "http://h:8321/v1/")]
    [InlineData("http://h:8321/v1", "http://h:8321/v1/")]
    [InlineData("http://h:8321/v1/", "http://h:8321/v1/")]
    [InlineData("https://h/llama/stack", "https://h/llama/stack/v1/")]
    [InlineData("https://h/llama/v1/", "https://h/llama/v1/")]
    [InlineData("http://h/v1/openai/v1", "http://h/v1/openai/v1/")]
    public void An_address_may_end_as_it_likes(string address, string api)
    {
        using var http = new HttpClient { BaseAddress = new Uri(address) };
        Assert.Equal(api, new LlamaStackClient(http).Endpoint.AbsoluteUri);
    }

    [Fact]
    public void Without_an_address_the_server_is_the_local_one()
    {
        using var http = new HttpClient();
        Assert.Equal("http://localhost:8321/v1/", new LlamaStackClient(http).Endpoint.AbsoluteUri);
    }

    /// <summary>A clock that tells when someone waits for it.</summary>
    private sealed class TimerWatch : FakeTimeProvider
    {
        private readonly TaskCompletionSource<TimeSpan> _armed = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public async Task Armed(TimeSpan due) => Assert.Equal(due, await _armed.Task);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            new Timer(base.CreateTimer(callback, state, dueTime, period), _armed);

        private sealed class Timer(ITimer timer, TaskCompletionSource<TimeSpan> armed) : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period)
            {
                var changed = timer.Change(dueTime, period);
                if (dueTime != Timeout.InfiniteTimeSpan)
                {
                    armed.TrySetResult(dueTime);
                }

                return changed;
            }

            public void Dispose() => timer.Dispose();

            public ValueTask DisposeAsync() => timer.DisposeAsync();
        }
    }
}
