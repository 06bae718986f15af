using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using LlamaStack.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace LlamaStack.Mlflow.Tests.Export;

/// <summary>A server on the way that refuses a big request without reading it: its answer may be lost with the connection, and still it is no outage.</summary>
[Collection(nameof(Tracing))]
public sealed partial class BrokenConnectionTests
{
    [Theory]
    [InlineData("HTTP/1.1 413 Request Entity Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")]
    [InlineData("")]
    public async Task What_is_too_big_is_found_and_dropped_and_the_others_are_there(string answer)
    {
        var time = new FakeTimeProvider(DateTimeOffset.UtcNow);
        SmallServer? small = null;
        await using var app = await TracedApp.StartAsync(
            options =>
            {
                small = new SmallServer(options.TrackingUri!, answer);
                (options.TrackingUri, options.Compress, options.ExportInterval) = (small.Address, false, TimeSpan.FromMinutes(1));
            },
            services: services => services.AddSingleton<TimeProvider>(time));
        await using var _ = small!;
        await app.AskAsync("small");
        await app.AskAsync(new string('x', 6 * 1024 * 1024));
        await app.AskAsync("small, too");

        Assert.True(await Task.Run(() => { app.Flush(); return true; }, Limit.Token).WhileRunning(time, TimeSpan.FromMilliseconds(250)));

        Assert.Equal(["small", "small, too"], app.Mlflow.Traces.Select(trace => trace.RequestPreview));
        Assert.Equal("refused: 1", app.Counts.Dropped);

        // The answer arrives now and then, in spite of the reset.
        Assert.Contains(app.Logs.Of(2010), line => line.Message.Contains("413", StringComparison.Ordinal) || line.Message.Contains("in the middle of a request", StringComparison.Ordinal));
    }

    /// <summary>Stands in front of a server, one request a connection, and reads none that is bigger than a mebibyte.</summary>
    private sealed partial class SmallServer : IAsyncDisposable
    {
        private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
        private readonly CancellationTokenSource _stop = new();
        private readonly Task _running;
        private readonly Uri _behind;
        private readonly string _answer;

        public SmallServer(Uri behind, string answer)
        {
            (_behind, _answer) = (behind, answer);
            _listener.Start();
            Address = new Uri($"http://{_listener.LocalEndpoint}");
            _running = RunAsync();
        }

        public Uri Address { get; }

        public async ValueTask DisposeAsync()
        {
            await _stop.CancelAsync();
            _listener.Dispose();
            await _running;
            _stop.Dispose();
        }

        [GeneratedRegex(@"^Content-Length: (\d+)", RegexOptions.IgnoreCase | RegexOptions.Multiline)]
        private static partial Regex ContentLength();

        private async Task RunAsync()
        {
            List<Task> connections = [];
            try
            {
                while (true)
                {
                    connections.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
                }
            }
            catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                await Task.WhenAll(connections);
            }
        }

        private async Task ServeAsync(TcpClient accepted)
        {
            using var client = accepted;
            try
            {
                var from = client.GetStream();
                var head = new List<byte>();
                var one = new byte[1];
                while (!(head is [.., 13, 10, 13, 10]) && await from.ReadAsync(one, _stop.Token) > 0)
                {
                    head.Add(one[0]);
                }

                var text = Encoding.ASCII.GetString([.. head]);
                var length = ContentLength().Match(text) is { Success: true } found ? int.Parse(found.Groups[1].Value, CultureInfo.InvariantCulture) : 0;
                if (length > 1024 * 1024)
                {
                    // With what was not read the connection is reset.
                    await from.WriteAsync(Encoding.ASCII.GetBytes(_answer), _stop.Token);
                    return;
                }

                using var server = new TcpClient();
                await server.ConnectAsync(_behind.Host, _behind.Port, _stop.Token);
                var to = server.GetStream();
                await to.WriteAsync(Encoding.ASCII.GetBytes(text.Insert(text.Length - 2, "Connection: close\r\n")), _stop.Token);
                var body = new byte[length];
                await from.ReadExactlyAsync(body, _stop.Token);
                await to.WriteAsync(body, _stop.Token);
                await to.CopyToAsync(from, _stop.Token);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
            {
                // The other side has gone.
            }
        }
    }
}
