using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary>An answer of the MLflow server, ready to be sent.</summary>
internal sealed record MlflowAnswer(int Status, string ContentType, string Body)
{
    private const string Html = "text/html; charset=utf-8";

    public static MlflowAnswer Empty { get; } = Json(new JsonObject(), indented: true);

    public bool BasicChallenge { get; init; }

    public static MlflowAnswer Json(JsonNode body, bool indented) => new(StatusCodes.Status200OK, "application/json", PythonJson.Answer(body, indented));

    public static MlflowAnswer Plain(int status, string text) => new(status, "text/plain; charset=utf-8", text);

    public static MlflowAnswer Page(int status, string text) => new(status, Html, text);

    /// <summary>The web framework's own pages, for paths and methods that do not exist, and for faults.</summary>
    public static MlflowAnswer ErrorPage(int status, string title, string text) =>
        Page(status, $"<!doctype html>\n<html lang=en>\n<title>{status} {title}</title>\n<h1>{title}</h1>\n<p>{text}</p>\n");

    public static MlflowAnswer NotFound() => ErrorPage(
        StatusCodes.Status404NotFound,
        "Not Found",
        "The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.");

    public static MlflowAnswer MethodNotAllowed() =>
        ErrorPage(StatusCodes.Status405MethodNotAllowed, "Method Not Allowed", "The method is not allowed for the requested URL.");

    public static MlflowAnswer Fault() => ErrorPage(
        StatusCodes.Status500InternalServerError,
        "Internal Server Error",
        "The server encountered an internal error and was unable to complete your request. Either the server is overloaded or there is an error in the application.");

    public static MlflowAnswer Error(MlflowError error, MlflowBehaviour behaviour)
    {
        var body = new JsonObject { ["error_code"] = error.Code, ["message"] = error.Message };
        if (behaviour.ErrorClass)
        {
            body["sqlstate"] = error.Status == StatusCodes.Status500InternalServerError && error.Code == "INTERNAL_ERROR" ? "XXM00" : "KAM00";
            body["error_class"] = error.Class;
        }

        return new MlflowAnswer(error.Status, "application/json", PythonJson.Error(body));
    }

    public Task WriteAsync(Call call)
    {
        var bytes = Encoding.UTF8.GetBytes(Body);
        call.Response.StatusCode = Status;
        call.Response.ContentType = ContentType;
        call.Response.ContentLength = bytes.Length;
        if (BasicChallenge)
        {
            call.Response.Headers.WWWAuthenticate = "Basic realm=\"mlflow\"";
        }

        return HttpMethods.IsHead(call.Request.Method) ? Task.CompletedTask : call.Response.Body.WriteAsync(bytes, call.Aborted).AsTask();
    }
}
