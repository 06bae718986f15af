namespace LlamaStack.Mlflow;

/// <summary>Where assembled traces go. It never throws into the application.</summary>
internal interface ITraceSink : IDisposable
{
    void Send(CompletedTrace trace);

    bool Flush(TimeSpan timeout);

    bool Shutdown(TimeSpan timeout);
}
