namespace LlamaStack.Testing;

/// <summary>An error as MLflow's stores raise it.</summary>
internal sealed class MlflowError(int status, string code, string errorClass, string message) : Exception(message)
{
    public int Status { get; } = status;

    public string Code { get; } = code;

    public string Class { get; } = errorClass;

    public static MlflowError Invalid(string message) => new(400, "INVALID_PARAMETER_VALUE", "INVALID_PARAMETER_VALUE", message);

    public static MlflowError Missing(string parameter) =>
        Invalid($"Missing value for required parameter '{parameter}'. See the API docs for more information about request parameters.");

    public static MlflowError NotFound(string message) => new(404, "RESOURCE_DOES_NOT_EXIST", "RESOURCE_NOT_FOUND", message);

    public static MlflowError TraceNotFound(string traceId) => NotFound($"Trace with ID '{traceId}' not found.");

    public static MlflowError Exists(string message) => new(400, "RESOURCE_ALREADY_EXISTS", "RESOURCE_ALREADY_EXISTS", message);

    public static MlflowError Internal(string message) => new(500, "INTERNAL_ERROR", "CLIENT_INTERNAL_ERROR", message);

    public static MlflowError BadRequest(string message) => new(400, "BAD_REQUEST", "INVALID_PARAMETER_VALUE", message);

    public static MlflowError FeatureDisabled(string message) => new(500, "FEATURE_DISABLED", "FEATURE_DISABLED", message);
}
