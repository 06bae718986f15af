namespace LlamaStack.Testing;

/// <summary>Makes Kestrel close the connection after what has been flushed, without the end of the body. Aborting would lose bytes on their way.</summary>
internal sealed class ConnectionCutException() : Exception("The script cuts the connection here.");
