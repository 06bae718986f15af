using System.Runtime.CompilerServices;

namespace LlamaStack.Instrumentation.Tests;

/// <summary>Makes the call of a case and ends it as the case says; what it sees it tells.</summary>
internal static class CaseCaller
{
    public const string Cut = "cut";
    public const string EndsEarly = "ends_early";
    public const string Cancelled = "cancelled";
    public const string TimedOut = "timed_out";
    public const string Disposed = "disposed";
    public const string NeverRead = "never_read";
    public const string Forgotten = "forgotten";
    public const string Refused = "refused";
    public const string CancelledBeforeAnswer = "cancelled_before_answer";
    public const string TimedOutBeforeAnswer = "timed_out_before_answer";

    private static readonly HttpRequestOptionsKey<CancellationToken> _callerToken = new("CallerCancellationToken");

    public static bool HasNoAnswer(string? ending) => ending is Refused or CancelledBeforeAnswer or TimedOutBeforeAnswer;

    /// <summary>A server that answers, or fails to, as the case says.</summary>
    public static StubServer Server(SpanCase test) => new(_ => test.Ending switch
    {
        Refused => throw new HttpRequestException(HttpRequestError.ConnectionError, "Connection refused (models.example:8321)"),
        CancelledBeforeAnswer => throw new TaskCanceledException("A task was canceled."),
        TimedOutBeforeAnswer => throw new TaskCanceledException("The request timed out.", new TimeoutException()),
        _ => test.Answer(),
    });

    /// <summary>What the caller saw: status and headers, each byte, and what was thrown.</summary>
    public static async Task<(string Head, byte[] Body, string? Thrown)> CallAsync(HttpClient client, SpanCase test)
    {
        HttpResponseMessage? response = null;
        var body = new MemoryStream();
        string? thrown = null;
        try
        {
            if (test.Ending is Forgotten)
            {
                await ForgetAsync(client, test, body);

                // On from here on a stack of its own: the one that is left may hold what is to be forgotten.
                await Task.Yield();
                return ("", body.ToArray(), null);
            }

            using var request = Calls.Post(test.Url, test.Request);
            if (test.Ending is TimedOut)
            {
                request.Options.Set(_callerToken, CancellationToken.None);
            }

            response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
            if (test.Ending is not NeverRead)
            {
                await ReadAsync(response, test, body);
            }
        }
        catch (Exception e) when (test.Ending is not null)
        {
            thrown = $"{e.GetType()}: {e.Message}";
        }

        var head = response is null ? "" : $"{(int)response.StatusCode} {response.ReasonPhrase}\n{response.Headers}{response.Content.Headers}";
        response?.Dispose();
        return (head, body.ToArray(), thrown);
    }

    private static async Task ReadAsync(HttpResponseMessage response, SpanCase test, MemoryStream body)
    {
        using var cancel = new CancellationTokenSource();
        await using var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var buffer = new byte[1 << 17];
        for (var pieces = 0; ; pieces++)
        {
            if (pieces == test.After && test.Ending is Disposed)
            {
                return;
            }

            if (pieces == test.After && test.Ending is (Cancelled or TimedOut))
            {
                await cancel.CancelAsync();
            }

            var read = await stream.ReadAsync(buffer, cancel.Token);
            if (read == 0)
            {
                return;
            }

            body.Write(buffer, 0, read);
        }
    }

    /// <summary>Reads and keeps nothing: in a method of its own, that no register does.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task ForgetAsync(HttpClient client, SpanCase test, MemoryStream body)
    {
        var response = await client.SendAsync(Calls.Post(test.Url, test.Request), HttpCompletionOption.ResponseHeadersRead, TestContext.Current.CancellationToken);
        var stream = await response.Content.ReadAsStreamAsync(TestContext.Current.CancellationToken);
        var buffer = new byte[1 << 17];
        for (var pieces = 0; pieces < test.After; pieces++)
        {
            body.Write(buffer, 0, await stream.ReadAsync(buffer, TestContext.Current.CancellationToken));
        }
    }
}
