using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary>Writes frames as the server does: <c>data:</c> lines only, one frame one HTTP chunk, no sentinel at the end.</summary>
internal sealed class EventStream(TimeProvider time, TimeSpan pause)
{
    public async Task WriteAsync(Call call, IEnumerable<JsonObject> frames)
    {
        call.Response.StatusCode = StatusCodes.Status200OK;
        call.Response.ContentType = "text/event-stream; charset=utf-8";
        await call.Response.StartAsync(call.Aborted).ConfigureAwait(false);
        var first = true;
        foreach (var frame in frames)
        {
            await Task.Delay(first ? TimeSpan.Zero : pause, time, call.Aborted).ConfigureAwait(false);
            first = false;
            var bytes = Encoding.UTF8.GetBytes($"data: {PythonJson.Compact(frame)}\n\n");
            await call.Response.Body.WriteAsync(bytes, call.Aborted).ConfigureAwait(false);
            await call.Response.Body.FlushAsync(call.Aborted).ConfigureAwait(false);
        }
    }
}
