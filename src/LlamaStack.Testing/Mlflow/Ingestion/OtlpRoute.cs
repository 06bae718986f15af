using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace LlamaStack.Testing;

/// <summary><c>POST /v1/traces</c>: what is checked, in the order in which it is checked.</summary>
internal sealed class OtlpRoute(MlflowStore store, MlflowBehaviour behaviour, MlflowStoreType storeType)
{
    private const string ExperimentHeader = "x-mlflow-experiment-id";
    private const string RunHeader = "x-mlflow-run-id";

    public MlflowAnswer Export(Call call)
    {
        var request = call.Http.Request;
        if (!request.Headers.TryGetValue(ExperimentHeader, out var experiment))
        {
            return Detail(StatusCodes.Status422UnprocessableEntity, new JsonArray(new JsonObject
            {
                ["type"] = "missing",
                ["loc"] = new JsonArray("header", ExperimentHeader),
                ["msg"] = "Field required",
                ["input"] = null,
            }));
        }

        var mediaType = behaviour.OtlpJson ? request.ContentType?.Split(';')[0].Trim() : request.ContentType;
        if (mediaType != "application/x-protobuf" && !(behaviour.OtlpJson && mediaType == "application/json"))
        {
            return Detail(400, $"Invalid Content-Type: {request.ContentType ?? "None"}. Expected: application/x-protobuf{(behaviour.OtlpJson ? " or application/json" : "")}");
        }

        var json = mediaType == "application/json";
        var encoding = request.Headers.ContentEncoding.ToString().ToLowerInvariant();
        ReadOnlyMemory<byte> body;
        try
        {
            body = OtlpCompression.Expand(call.Request.Body, encoding);
        }
        catch (NotSupportedException unknown)
        {
            return Detail(400, unknown.Message);
        }
        catch (InvalidDataException)
        {
            return Detail(400, $"Failed to decompress {encoding} payload");
        }

        OtlpExport export;
        try
        {
            export = OtlpExport.Decode(body, json, PythonBytes);
        }
        catch (InvalidDataException)
        {
            return Detail(400, InvalidFormat);
        }

        return export.Resources == 0
            ? Detail(400, $"{InvalidFormat} - no spans found")
            : Log(experiment.ToString(), request.Headers[RunHeader].ToString(), export.Spans) ?? Accepted(json);
    }

    private string InvalidFormat => behaviour.OtlpJson ? "Invalid OpenTelemetry format" : "Invalid OpenTelemetry protobuf format";

    /// <returns>A refusal, or null if all is stored.</returns>
    private MlflowAnswer? Log(string experiment, string run, IReadOnlyList<OtlpTestSpan> spans)
    {
        if (behaviour.SpanIdsChecked && spans.Any(static span => span.TraceId.Length == 0 || span.SpanId.Length == 0))
        {
            return Detail(422, "Cannot convert OpenTelemetry span to MLflow span");
        }

        if (spans.Count == 0)
        {
            return null;
        }

        if (storeType == MlflowStoreType.File)
        {
            return Detail(501, "REST OTLP span logging is not supported by FileStore");
        }

        if (experiment.Length == 0)
        {
            return behaviour.EmptyExperimentStatus == 200 ? null : Detail(behaviour.EmptyExperimentStatus, "Failed to log OpenTelemetry spans");
        }

        try
        {
            Store(experiment, run, spans);
            return null;
        }
        catch (BadSpanException) when (behaviour.BadCostStatus == 500)
        {
            return MlflowAnswer.Plain(500, "Internal Server Error");
        }
        catch (BadSpanException stumble)
        {
            return Detail(422, stumble.Message);
        }
        catch (BadTracesException failures)
        {
            return Detail(422, $"Failed to log OpenTelemetry spans: {failures.Message}");
        }
    }

    private void Store(string experiment, string run, IReadOnlyList<OtlpTestSpan> spans)
    {
        // An id longer than the column's is found out only while storing.
        if (spans.Any(static span => span.TraceId.Length > 32 || span.SpanId.Length > 16))
        {
            throw new BadSpanException();
        }

        var intake = new TraceIntake(store, behaviour);
        if (!behaviour.OneTransaction)
        {
            intake.LogEach(experiment, spans);
            return;
        }

        var traces = intake.Log(experiment, spans);
        if (run.Length > 0 && behaviour.RunHeader)
        {
            foreach (var trace in traces)
            {
                trace.Runs.Add(run);
            }
        }
    }

    private MlflowAnswer Accepted(bool json) => json && behaviour.AnswersOtlpJson
        ? new MlflowAnswer(StatusCodes.Status200OK, "application/json", "{}")
        : new MlflowAnswer(StatusCodes.Status200OK, "application/x-protobuf", "");

    private static MlflowAnswer Detail(int status, JsonNode detail) =>
        new(status, "application/json", PythonJson.Compact(new JsonObject { ["detail"] = detail }));

    /// <summary>A value of type bytes ends up as the text of a Python literal, which nobody can use.</summary>
    private static string PythonBytes(byte[] bytes)
    {
        var text = new StringBuilder("b'");
        foreach (var value in bytes)
        {
            text.Append(value is >= 0x20 and < 0x7f and not (byte)'\'' and not (byte)'\\' ? $"{(char)value}" : $"\\x{value:x2}");
        }

        return text.Append('\'').ToString();
    }
}
