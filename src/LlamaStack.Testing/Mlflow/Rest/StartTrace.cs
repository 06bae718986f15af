using System.Text.Json.Nodes;

namespace LlamaStack.Testing;

/// <summary>StartTraceV3, which writes the last word on a trace.</summary>
internal sealed class StartTrace(MlflowStore store, MlflowBehaviour behaviour)
{
    public TraceRow Write(JsonObject info)
    {
        var traceId = Text(info, "trace_id") ?? "";
        var tags = Texts(info, "tags");
        var metadata = Texts(info, "trace_metadata");
        Check(tags.GetValueOrDefault(MlflowKeys.TraceName), "Trace name", MlflowKeys.NameLimit);
        var experiment = GetExperiment(info);
        if (experiment.Deleted)
        {
            throw MlflowError.Invalid($"The experiment {experiment.Id} must be in the 'active' state. Current state is deleted.");
        }

        if (behaviour.SessionLimit)
        {
            Check(metadata.GetValueOrDefault(MlflowKeys.Session), "Session ID", MlflowKeys.SessionLimit);
        }

        if (traceId.Length == 0 || traceId.Contains('/', StringComparison.Ordinal))
        {
            throw MlflowError.Invalid($"Invalid value \"{traceId}\" for parameter 'trace_id' supplied: must be a single path component");
        }

        var existing = store.FindTrace(traceId);
        if (existing is not null)
        {
            CheckExisting(existing, experiment, tags, metadata);
        }

        var trace = existing?.ExperimentId == experiment.Id ? existing : Move(existing, traceId, experiment);
        Overwrite(trace, info);
        Merge(trace, tags, metadata);
        foreach (var assessment in info["assessments"] as JsonArray ?? [])
        {
            AssessmentRoutes.Add(trace, assessment as JsonObject, store.Now);
        }

        return trace;
    }

    private ExperimentRow GetExperiment(JsonObject info)
    {
        var location = info["trace_location"] as JsonObject;
        var id = location?["mlflow_experiment"]?["experiment_id"]?.ToString();
        if (location?["mlflow_experiment"] is not null && location["type"] is null)
        {
            throw MlflowError.Invalid(
                $"Trace location type TraceLocationType.TRACE_LOCATION_TYPE_UNSPECIFIED does not match the provided location MlflowExperimentLocation(experiment_id='{id}').");
        }

        return id switch
        {
            // The order of the checks is the server's: an id that is no text comes out as none.
            null when location?["mlflow_experiment"] is not null => throw MlflowError.Internal("invalid literal for int() with base 10: ''"),
            null when Text(info, "trace_id") is null => throw MlflowError.Invalid("Invalid value \"\" for parameter 'trace_id' supplied: must be a single path component"),
            null => throw MlflowError.Internal("int() argument must be a string, a bytes-like object or a real number, not 'NoneType'"),
            _ => store.GetExperiment(id),
        };
    }

    private void CheckExisting(TraceRow existing, ExperimentRow experiment, Dictionary<string, string> tags, Dictionary<string, string> metadata)
    {
        if (existing.ExperimentId != experiment.Id && behaviour.StaysInExperiment)
        {
            throw MlflowError.Invalid($"Trace with ID '{existing.TraceId}' already exists in another experiment.");
        }

        var lostMetadata = TraceInfoJson.Metadata(existing).Keys.Except(metadata.Keys).Any();
        var lostTags = TraceInfoJson.Tags(existing).Keys.Where(static key => !MlflowKeys.IsServerOwned(key)).Except(tags.Keys).Any();
        if (behaviour.NeedsWholeTrace && (lostMetadata || lostTags))
        {
            var table = lostMetadata ? "trace_request_metadata" : "trace_tags";
            throw MlflowError.Internal($"Dependency rule on column 'trace_info.request_id' tried to blank-out primary key column '{table}.request_id'");
        }
    }

    /// <summary>A new trace, or one that an old server moves to another experiment.</summary>
    private TraceRow Move(TraceRow? existing, string traceId, ExperimentRow experiment)
    {
        store.Traces.Remove(traceId);
        var trace = store.AddTrace(traceId, experiment);
        foreach (var span in existing?.Spans ?? [])
        {
            trace.Put(span);
        }

        foreach (var (key, value) in existing?.Tags ?? [])
        {
            trace.Tags.TryAdd(key, value);
        }

        return trace;
    }

    /// <summary>These are taken over also when they are missing; previews, on servers that are not old, only when they are there.</summary>
    private void Overwrite(TraceRow trace, JsonObject info)
    {
        trace.RequestTime = info["request_time"]?.GetValue<long>() ?? 0;
        trace.Duration = info["execution_duration"]?.GetValue<long>();
        trace.State = Text(info, "state") ?? TraceRow.Unspecified;
        trace.ClientRequestId = Text(info, "client_request_id");
        trace.RequestPreview = Text(info, "request_preview") ?? (behaviour.NeedsWholeTrace ? null : trace.RequestPreview);
        trace.ResponsePreview = Text(info, "response_preview") ?? (behaviour.NeedsWholeTrace ? null : trace.ResponsePreview);
    }

    private void Merge(TraceRow trace, Dictionary<string, string> tags, Dictionary<string, string> metadata)
    {
        foreach (var (key, value) in tags)
        {
            if (key == MlflowKeys.TraceName)
            {
                trace.Name = value;
            }
            else if (key != MlflowKeys.ArtifactLocation && !(key == MlflowKeys.SpansLocation && behaviour.OwnsSpansLocation))
            {
                trace.Tags[key] = value;
            }
        }

        foreach (var (key, value) in metadata)
        {
            switch (key)
            {
                case MlflowKeys.Session:
                    trace.SessionId = value;
                    break;
                case MlflowKeys.TokenUsage:
                    Replace(trace.TokenUsage, value, MlflowKeys.UsageNames, MlflowJson.ToInteger);
                    break;
                case MlflowKeys.Cost:
                    Replace(trace.Cost, value, MlflowKeys.CostNames, MlflowJson.ToDouble);
                    break;
                default:
                    trace.Metadata[key] = value;
                    break;
            }
        }

        if (behaviour.Finalizes)
        {
            trace.Metadata[MlflowKeys.Finalized] = "true";
        }
    }

    /// <summary>Member by member; a text that is no JSON object is dropped without a word.</summary>
    private static void Replace<T>(Dictionary<string, T> stored, string json, IEnumerable<string> names, Func<JsonNode?, T?> read)
        where T : struct
    {
        var given = MlflowJson.TryParse(json, out var parsed) ? parsed as JsonObject : null;
        foreach (var name in names.Where(name => given?.ContainsKey(name) == true))
        {
            if (read(given![name]) is { } value)
            {
                stored[name] = value;
            }
            else
            {
                stored.Remove(name);
            }
        }
    }

    private static void Check(string? value, string name, int limit)
    {
        if (value?.Length > limit)
        {
            throw MlflowError.Invalid($"'{name}' exceeds the maximum length of {limit} characters");
        }
    }

    private static string? Text(JsonObject info, string name) => info[name]?.GetValue<string>();

    private static Dictionary<string, string> Texts(JsonObject info, string name) =>
        (info[name] as JsonObject ?? []).ToDictionary(static entry => entry.Key, static entry => entry.Value!.GetValue<string>());
}
