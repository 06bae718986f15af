using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace LlamaStack.TestSupport;

/// <summary>Keeps what is logged, whoever logs it.</summary>
public sealed class LogLines : ILoggerProvider
{
    private readonly ConcurrentQueue<LogLine> _lines = new();
    private readonly Lock _lock = new();
    private TaskCompletionSource _next = NewSignal();

    /// <summary>Gets all lines so far, in the order in which they were logged.</summary>
    public IReadOnlyList<LogLine> All => [.. _lines];

    /// <summary>The lines with this event id.</summary>
    public IReadOnlyList<LogLine> Of(int eventId) => [.. _lines.Where(line => line.EventId == eventId)];

    /// <summary>Waits for a line, also one that is there already.</summary>
    public async Task<LogLine> WaitForAsync(Func<LogLine, bool> predicate, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task next;
            lock (_lock)
            {
                next = _next.Task;
            }

            if (_lines.FirstOrDefault(predicate) is { } line)
            {
                return line;
            }

            await next.WaitAsync(cancellationToken);
        }
    }

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Add(LogLine line)
    {
        _lines.Enqueue(line);
        lock (_lock)
        {
            _next.TrySetResult();
            _next = NewSignal();
        }
    }

    private sealed class Logger(LogLines lines, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Add(new LogLine(category, logLevel, eventId.Id, formatter(state, exception), exception));
    }
}

/// <summary>One line of a log.</summary>
public sealed record LogLine(string Category, LogLevel Level, int EventId, string Message, Exception? Exception)
{
    /// <summary>All that whoever reads the log can see of it.</summary>
    public override string ToString() => $"{Level} {Category}[{EventId}] {Message} {Exception}";
}
