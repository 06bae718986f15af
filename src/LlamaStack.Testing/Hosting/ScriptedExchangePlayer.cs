using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary>Gives a scripted answer, with its delays and cuts.</summary>
internal static class ScriptedExchangePlayer
{
    public static async Task PlayAsync(this ScriptedExchange exchange, HttpContext context, TimeProvider time)
    {
        await Task.Delay(exchange.DelayBeforeHeaders, time, context.RequestAborted).ConfigureAwait(false);
        if (exchange.BeforeHeaders is { } hold)
        {
            await hold(context.RequestAborted).ConfigureAwait(false);
        }

        if (exchange.CutBeforeHeaders)
        {
            context.Abort();
            return;
        }

        context.Response.StatusCode = exchange.Status;
        foreach (var (name, value) in exchange.Headers)
        {
            context.Response.Headers[name] = value;
        }

        var left = exchange.CutAfterBytes ?? int.MaxValue;
        if (exchange.Chunks is { } chunks)
        {
            await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
            for (var i = 0; i < chunks.Count; i++)
            {
                await PauseAsync(exchange, i, time, context.RequestAborted).ConfigureAwait(false);
                left = await WriteAsync(context, chunks[i], left).ConfigureAwait(false);
            }
        }
        else
        {
            context.Response.ContentLength = exchange.Body.Length;
            await WriteAsync(context, exchange.Body, left).ConfigureAwait(false);
        }

        if (exchange.CutAfterBody)
        {
            throw new ConnectionCutException();
        }
    }

    private static async Task PauseAsync(ScriptedExchange exchange, int chunk, TimeProvider time, CancellationToken aborted)
    {
        await Task.Delay(chunk == 0 ? TimeSpan.Zero : exchange.DelayBetweenChunks, time, aborted).ConfigureAwait(false);
        if (exchange.BeforeChunk is { } hold)
        {
            await hold(chunk, aborted).ConfigureAwait(false);
        }
    }

    /// <summary>Writes as much as the cut allows, and says how many bytes it leaves.</summary>
    private static async Task<int> WriteAsync(HttpContext context, ReadOnlyMemory<byte> part, int left)
    {
        var cut = part.Length >= left;
        await context.Response.Body.WriteAsync(cut ? part[..left] : part, context.RequestAborted).ConfigureAwait(false);
        await context.Response.Body.FlushAsync(context.RequestAborted).ConfigureAwait(false);
        return cut ? throw new ConnectionCutException() : left - part.Length;
    }
}
