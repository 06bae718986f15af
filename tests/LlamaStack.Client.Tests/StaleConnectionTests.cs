using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.DependencyInjection;

namespace LlamaStack.Client.Tests;

/// <summary>A real server closes the connection after it has answered a provider's error, and says nothing of it: the next call was reset.</summary>
public sealed class StaleConnectionTests
{
    private const string Ok = """{"status":"OK"}""";

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_call_on_a_connection_that_was_closed_meanwhile_is_sent_again(bool reset)
    {
        using var server = new Listener();
        var client = Client(server);

        var first = client.GetHealthAsync(Ct);
        using var one = await server.AcceptAsync();
        await Listener.ReadRequestAsync(one);
        await Listener.AnswerAsync(one, Ok);
        await first;

        var second = client.CreateChatCompletionAsync(new ChatCompletionRequest { Model = "m" }, Ct);
        var sent = await Listener.ReadRequestAsync(one);
        Listener.Close(one, reset);
        using var two = await server.AcceptAsync();
        var again = await Listener.ReadRequestAsync(two);
        await Listener.AnswerAsync(two, """{"id":"c"}""");

        Assert.Equal("c", (await second.Soon()).Id);
        Assert.Equal(sent, again);
        Assert.EndsWith("""{"model":"m"}""", again, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_is_sent_again_once()
    {
        using var server = new Listener();
        var call = Client(server).CreateChatCompletionAsync(new ChatCompletionRequest(), Ct);
        for (var i = 0; i < 2; i++)
        {
            using var connection = await server.AcceptAsync();
            await Listener.ReadRequestAsync(connection);
            Listener.Close(connection, reset: false);
        }

        var error = await Assert.ThrowsAsync<LlamaStackException>(() => call).Soon();
        Assert.IsType<HttpRequestException>(error.InnerException);
        Assert.False(server.IsAskedAgain);
    }

    [Fact]
    public async Task An_answer_that_has_begun_is_not_asked_for_again()
    {
        using var server = new Listener();
        var call = Client(server).CreateChatCompletionAsync(new ChatCompletionRequest(), Ct);
        using var connection = await server.AcceptAsync();
        await Listener.ReadRequestAsync(connection);
        await connection.SendAsync(Encoding.ASCII.GetBytes("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"), Ct);
        Listener.Close(connection, reset: false);

        await Assert.ThrowsAsync<LlamaStackException>(() => call).Soon();
        Assert.False(server.IsAskedAgain);
    }

    private static LlamaStackClient Client(Listener server)
    {
        var services = new ServiceCollection();
        services.AddLlamaStack(options => options.Endpoint = server.Address);
        return services.BuildServiceProvider().GetRequiredService<LlamaStackClient>();
    }

    private sealed class Listener : IDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);

        public Listener() => _listener.Start();

        public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

        public bool IsAskedAgain => _listener.Pending();

        public Task<Socket> AcceptAsync() => _listener.AcceptSocketAsync(Ct).AsTask().Soon();

        public static async Task<string> ReadRequestAsync(Socket connection)
        {
            var text = "";
            var buffer = new byte[4096];
            do
            {
                text += Encoding.UTF8.GetString(buffer, 0, await connection.ReceiveAsync(buffer, Ct).AsTask().Soon());
            }
            while (!text.Contains("\r\n\r\n", StringComparison.Ordinal) || (text.StartsWith("POST", StringComparison.Ordinal) && !text.EndsWith('}')));

            return text;
        }

        public static Task<int> AnswerAsync(Socket connection, string body) =>
            connection.SendAsync(Encoding.UTF8.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n{body}"), Ct).AsTask();

        public static void Close(Socket connection, bool reset)
        {
            connection.LingerState = new LingerOption(reset, 0);
            connection.Close();
        }

        public void Dispose() => _listener.Dispose();
    }
}
