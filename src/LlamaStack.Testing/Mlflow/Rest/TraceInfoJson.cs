using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>A trace's info as answered: what is empty is left out, long values are cut.</summary>
internal static class TraceInfoJson
{
    public static JsonObject Of(TraceRow trace)
    {
        var info = new JsonObject { ["trace_id"] = trace.TraceId };
        Add(info, "client_request_id", trace.ClientRequestId);
        info["trace_location"] = new JsonObject
        {
            ["type"] = "MLFLOW_EXPERIMENT",
            ["mlflow_experiment"] = new JsonObject { ["experiment_id"] = $"{trace.ExperimentId}" },
        };
        info["request_time"] = MlflowTime.Timestamp(trace.RequestTime);
        Add(info, "execution_duration", trace.Duration is { } duration ? MlflowTime.Duration(duration) : null);
        info["state"] = trace.State;
        AddAll(info, "trace_metadata", Metadata(trace), MlflowKeys.MetadataLimit);
        AddAll(info, "tags", Tags(trace), MlflowKeys.TagLimit);
        if (trace.Assessments.Count > 0)
        {
            info["assessments"] = new JsonArray([.. trace.Assessments.OrderBy(static assessment => assessment.CreateTime).Select(assessment => AssessmentJson.Of(assessment, trace.TraceId))]);
        }

        Add(info, "request_preview", trace.RequestPreview);
        Add(info, "response_preview", trace.ResponsePreview);
        return info;
    }

    /// <summary>With session, usage and cost, which have columns of their own.</summary>
    public static Dictionary<string, string> Metadata(TraceRow trace)
    {
        var metadata = new Dictionary<string, string>(trace.Metadata);
        if (trace.SessionId is { } session)
        {
            metadata[MlflowKeys.Session] = session;
        }

        if (trace.TokenUsage.Count > 0)
        {
            var usage = MlflowKeys.UsageNames.Where(trace.TokenUsage.ContainsKey).Select(name => KeyValuePair.Create(name, (JsonNode?)trace.TokenUsage[name]));
            metadata[MlflowKeys.TokenUsage] = PythonJson.Spaced(new JsonObject(usage));
        }

        if (trace.Cost.Count > 0)
        {
            var cost = MlflowKeys.CostNames.Where(trace.Cost.ContainsKey).Select(name => KeyValuePair.Create(name, (JsonNode?)trace.Cost[name]));
            metadata[MlflowKeys.Cost] = PythonJson.Spaced(new JsonObject(cost));
        }

        return metadata;
    }

    /// <summary>With the name, which has a column of its own.</summary>
    public static Dictionary<string, string> Tags(TraceRow trace)
    {
        var tags = new Dictionary<string, string>(trace.Tags);
        if (trace.Name is { } name)
        {
            tags[MlflowKeys.TraceName] = name;
        }

        return tags;
    }

    private static void Add(JsonObject info, string name, string? value)
    {
        if (value is not null)
        {
            info[name] = value;
        }
    }

    private static void AddAll(JsonObject info, string name, Dictionary<string, string> values, int limit)
    {
        if (values.Count > 0)
        {
            info[name] = new JsonObject(values.Select(value => KeyValuePair.Create(Cut(value.Key, MlflowKeys.TagKeyLimit), (JsonNode?)Cut(value.Value, limit))));
        }
    }

    private static string Cut(string text, int limit) => text.Length <= limit ? text : text[..limit];
}
