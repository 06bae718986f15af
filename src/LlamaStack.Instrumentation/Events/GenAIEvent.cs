using System.Collections;
using Microsoft.Extensions.Logging;

namespace LlamaStack.Instrumentation;

/// <summary>An event of the conventions as a log record: OpenTelemetry exports the id's name as the event's, and the state as its attributes.</summary>
internal readonly struct GenAIEvent(string message, IReadOnlyList<KeyValuePair<string, object?>> attributes) : IReadOnlyList<KeyValuePair<string, object?>>
{
    public int Count => attributes.Count;

    public KeyValuePair<string, object?> this[int index] => attributes[index];

    public void LogTo(ILogger logger, LogLevel level, EventId id) => logger.Log(level, id, this, null, static (happened, _) => happened.ToString());

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator() => attributes.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public override string ToString() => message;
}
