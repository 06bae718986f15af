using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary><c>…/traces/{id}/assessments</c>: feedback and expectations.</summary>
internal sealed class AssessmentRoutes(MlflowStore store)
{
    public void Map(MlflowRoutes routes)
    {
        routes.Map("POST", "3.0/mlflow/traces/{}/assessments", Create);
        routes.Map("GET", "3.0/mlflow/traces/{}/assessments/{}", call => Answer(Find(call), call.Values[0]));
        routes.Map("PATCH", "3.0/mlflow/traces/{}/assessments/{}", Update);
        routes.Map("DELETE", "3.0/mlflow/traces/{}/assessments/{}", Delete);
    }

    /// <summary>Adds what was read of an assessment to a trace; also those that ride in StartTraceV3.</summary>
    public static AssessmentRow Add(TraceRow trace, JsonObject? given, long now)
    {
        var (isFeedback, value, error) = ReadValue(given);
        var row = new AssessmentRow(Text(given, "assessment_id") ?? $"a-{Guid.NewGuid():N}")
        {
            Name = Text(given, "assessment_name") ?? "",
            SpanId = Text(given, "span_id"),
            SourceType = given?["source"]?["source_type"]?.ToString() ?? "SOURCE_TYPE_UNSPECIFIED",
            SourceId = given?["source"]?["source_id"]?.ToString() ?? "",
            IsFeedback = isFeedback,
            Value = value,
            Error = error,
            Rationale = isFeedback ? Text(given, "rationale") : null,
            Overrides = Text(given, "overrides"),
            CreateTime = given?["create_time"]?.GetValue<long>() ?? now,
            LastUpdateTime = given?["last_update_time"]?.GetValue<long>() ?? now,
        };
        Merge(row, given);
        if (row.Overrides is { } overridden)
        {
            (trace.Assessments.Find(assessment => assessment.Id == overridden) ?? throw NotFound(overridden, trace.TraceId)).Valid = false;
        }

        if (trace.Assessments.Exists(assessment => assessment.Id == row.Id))
        {
            throw MlflowError.Internal($"Failed to create assessment for trace '{trace.TraceId}' due to a constraint violation.");
        }

        trace.Assessments.Add(row);
        return row;
    }

    private MlflowAnswer Create(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.CreateAssessment, "assessment");
        var given = request["assessment"] as JsonObject;
        ReadValue(given);
        return Answer(Add(store.GetTrace(call.Values[0]), given, store.Now), call.Values[0]);
    }

    private MlflowAnswer Update(Call call)
    {
        var request = MlflowRequest.Read(call, MlflowMessages.UpdateAssessment, "assessment", "update_mask");
        var given = request["assessment"] as JsonObject ?? [];
        var names = request.Texts("update_mask").ToList();
        if (names.Contains("valid"))
        {
            return MlflowAnswer.Fault();
        }

        var row = Find(call);
        foreach (var name in names)
        {
            Update(row, name, given);
        }

        row.LastUpdateTime = store.Now;
        return Answer(row, call.Values[0]);
    }

    private static void Update(AssessmentRow row, string name, JsonObject given)
    {
        switch (name)
        {
            case "assessment_name":
                row.Name = Text(given, name) ?? "";
                break;
            case "rationale" when row.IsFeedback:
                row.Rationale = Text(given, name) ?? "";
                break;
            case "metadata":
                Merge(row, given);
                break;
            case "feedback" or "expectation":
                if (row.IsFeedback != (name == "feedback"))
                {
                    throw MlflowError.Invalid(row.IsFeedback
                        ? "Cannot update expectation value on a Feedback assessment."
                        : "Cannot update feedback value on an Expectation assessment.");
                }

                // Without a value in the body, the old one is gone.
                (_, row.Value, row.Error) = given.ContainsKey(name) ? ReadValue(given) : (row.IsFeedback, null, null);
                break;
        }
    }

    /// <summary>Idempotent, even where there is no such trace; an assessment that was overridden counts again.</summary>
    private MlflowAnswer Delete(Call call)
    {
        var trace = store.FindTrace(call.Values[0]);
        if (trace?.Assessments.Find(row => row.Id == call.Values[1]) is { } deleted)
        {
            trace.Assessments.Remove(deleted);
            if (trace.Assessments.Find(row => row.Id == deleted.Overrides) is { } restored)
            {
                restored.Valid = true;
            }
        }

        return MlflowAnswer.Empty;
    }

    private AssessmentRow Find(Call call)
    {
        var trace = store.FindTrace(call.Values[0]) ?? throw MlflowError.NotFound($"Trace with request_id '{call.Values[0]}' not found");
        return trace.Assessments.Find(row => row.Id == call.Values[1]) ?? throw NotFound(call.Values[1], trace.TraceId);
    }

    private static (bool IsFeedback, JsonNode? Value, JsonObject? Error) ReadValue(JsonObject? given)
    {
        if (given?["feedback"] is JsonObject feedback)
        {
            return (true, feedback["value"]?.DeepClone(), feedback["error"]?.DeepClone() as JsonObject);
        }

        if (given?["expectation"] is not JsonObject expectation)
        {
            throw MlflowError.Invalid("Unknown assessment type: None");
        }

        var value = expectation["serialized_value"]?["value"] is { } text ? MlflowJson.Parse(text.ToString()) : expectation["value"]?.DeepClone();
        return value is null ? throw MlflowError.Invalid("The `value` field must be specified.") : (false, value, null);
    }

    private static void Merge(AssessmentRow row, JsonObject? given)
    {
        foreach (var (key, value) in given?["metadata"] as JsonObject ?? [])
        {
            row.Metadata[key] = value!.ToString();
        }
    }

    private static string? Text(JsonObject? given, string name) => given?[name] is { } value && value.ToString().Length > 0 ? value.ToString() : null;

    private static MlflowError NotFound(string id, string traceId) => MlflowError.NotFound($"Assessment with ID '{id}' not found for trace '{traceId}'");

    private static MlflowAnswer Answer(AssessmentRow row, string traceId) =>
        MlflowAnswer.Json(new JsonObject { ["assessment"] = AssessmentJson.Of(row, traceId) }, indented: true);
}
