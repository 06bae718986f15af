using System.Net;

namespace LlamaStack.Mlflow;

/// <summary>An MLflow server refused a request, or could not be reached.</summary>
public sealed class MlflowException : Exception
{
    /// <summary>Creates an exception.</summary>
    /// <param name="message">What went wrong and what to do about it.</param>
    /// <param name="statusCode">The answer's status; null where there was no answer.</param>
    /// <param name="errorCode">MLflow's own word for the error, for example <c>RESOURCE_DOES_NOT_EXIST</c>.</param>
    /// <param name="innerException">What caused it.</param>
    public MlflowException(string message, HttpStatusCode? statusCode = null, string? errorCode = null, Exception? innerException = null)
        : base(message, innerException)
    {
        StatusCode = statusCode;
        ErrorCode = errorCode;
    }

    /// <summary>Gets the answer's status.</summary>
    /// <value>Null where the server could not be reached.</value>
    public HttpStatusCode? StatusCode { get; }

    /// <summary>Gets MLflow's own word for the error.</summary>
    /// <value>For example <c>RESOURCE_DOES_NOT_EXIST</c>; null where the answer has none.</value>
    public string? ErrorCode { get; }
}
