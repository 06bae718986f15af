using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>An assessment as answered.</summary>
internal static class AssessmentJson
{
    public static JsonObject Of(AssessmentRow row, string traceId)
    {
        var body = new JsonObject { ["assessment_id"] = row.Id, ["assessment_name"] = row.Name, ["trace_id"] = traceId };
        if (row.SpanId is { } span)
        {
            body["span_id"] = span;
        }

        body["source"] = row.SourceId.Length == 0
            ? new JsonObject { ["source_type"] = row.SourceType }
            : new JsonObject { ["source_type"] = row.SourceType, ["source_id"] = row.SourceId };
        body["create_time"] = MlflowTime.Timestamp(row.CreateTime);
        body["last_update_time"] = MlflowTime.Timestamp(row.LastUpdateTime);
        body[row.IsFeedback ? "feedback" : "expectation"] = row.IsFeedback ? Feedback(row) : Expectation(row);
        if (row.Rationale is { } rationale)
        {
            body["rationale"] = rationale;
        }

        if (row.Metadata.Count > 0)
        {
            body["metadata"] = new JsonObject(row.Metadata.Select(static entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value)));
        }

        if (row.Overrides is { } overridden)
        {
            body["overrides"] = overridden;
        }

        body["valid"] = row.Valid;
        return body;
    }

    private static JsonObject Feedback(AssessmentRow row)
    {
        var feedback = new JsonObject { ["value"] = row.Value?.DeepClone() };
        if (row.Error is { } error)
        {
            feedback["error"] = error.DeepClone();
        }

        return feedback;
    }

    /// <summary>Lists and objects come back as JSON text.</summary>
    private static JsonObject Expectation(AssessmentRow row) => row.Value is JsonObject or JsonArray
        ? new JsonObject
        {
            ["serialized_value"] = new JsonObject { ["serialization_format"] = "JSON_FORMAT", ["value"] = PythonJson.Spaced(row.Value) },
        }
        : new JsonObject { ["value"] = row.Value?.DeepClone() };
}
