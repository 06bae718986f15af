using System.Net;

namespace LlamaStack.Client;

/// <summary>A call to a LlamaStack server that failed: refused by the server, broken off, not understood, or too slow.</summary>
/// <remarks>The one exception of this package. A call cancelled by its caller is an <see cref="OperationCanceledException"/> instead.
/// No message contains the API key or a value of the provider data, not even where the server repeats it.</remarks>
public sealed class LlamaStackException : Exception
{
    /// <summary>Initializes an exception without a message of its own.</summary>
    public LlamaStackException()
    {
    }

    /// <summary>Initializes an exception.</summary>
    /// <param name="message">What failed, and where a setting can help, which.</param>
    public LlamaStackException(string message)
        : base(message)
    {
    }

    /// <summary>Initializes an exception.</summary>
    /// <param name="message">What failed, and where a setting can help, which.</param>
    /// <param name="innerException">The exception of the transport or the JSON reader, if any.</param>
    public LlamaStackException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Gets the status of the answer.</summary>
    /// <value>For an error inside a stream, whose HTTP status is 200, the status that the error names, if it names one.
    /// <see langword="null"/> when there was no answer.</value>
    public HttpStatusCode? StatusCode { get; init; }

    /// <summary>Gets the server's code for the error, such as <c>rate_limit_exceeded</c> or <c>404</c>.</summary>
    /// <value><see langword="null"/> for most errors: the server rarely sends one.</value>
    public string? Code { get; init; }

    /// <summary>Gets the value of the answer's <c>x-request-id</c> header.</summary>
    /// <value>The server itself sends none; a gateway in front of it may.</value>
    public string? RequestId { get; init; }

    /// <summary>Gets the server's own words, at most 2,000 characters of them.</summary>
    /// <value>A validation error is a Python dictionary printed as text, passed on as it is. <see langword="null"/> when the answer had none.</value>
    public string? ServerMessage { get; init; }

    /// <summary>Gets how long the answer asked to wait before a retry.</summary>
    /// <value>From the <c>Retry-After</c> header; the server itself sends none, a gateway may.</value>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Gets whether the call took longer than <see cref="LlamaStackClientOptions.Timeout"/> or
    /// <see cref="LlamaStackClientOptions.StreamIdleTimeout"/> allows.</summary>
    public bool IsTimeout { get; init; }
}
