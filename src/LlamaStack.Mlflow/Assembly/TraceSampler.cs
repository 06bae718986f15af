using System.Buffers.Binary;
using System.Diagnostics;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow;

/// <summary>Which traces leave. Decided once for a trace, by its id, so that the same ratio means the same traces in every service, Python's too.</summary>
internal sealed class TraceSampler(MlflowTracingOptions options, string propertyName)
{
    private readonly bool _keepsAll = options.Mode is TracingMode.Otlp || (options.SamplingRatio >= 1 && options.OperationSamplingRatios.Values.All(ratio => ratio >= 1));

    /// <summary>Does this trace leave, or this part of one?</summary>
    public bool Keeps(CompletedTrace trace)
    {
        if (_keepsAll)
        {
            return true;
        }

        // Who is part of a trace that is in MLflow already belongs to it.
        var top = TraceDetails.Top(trace.Root ?? trace.Spans[0].Activity);
        if (options.CallersExportToMlflow && top.ParentSpanId != default)
        {
            return true;
        }

        if (top.GetCustomProperty(propertyName) is bool decided)
        {
            return decided;
        }

        var keeps = IsBelow(trace.TraceId, RatioOf(trace));
        top.SetCustomProperty(propertyName, keeps);
        return keeps;
    }

    private double RatioOf(CompletedTrace trace)
    {
        double? highest = null;
        foreach (var span in trace.Spans)
        {
            if (span.Text(GenAIAttributes.Operation.Name) is { } operation)
            {
                var ratio = options.OperationSamplingRatios.TryGetValue(operation, out var own) ? own : options.SamplingRatio;
                highest = Math.Max(highest ?? 0, ratio);
            }
        }

        return highest ?? options.SamplingRatio;
    }

    /// <summary>The lower half of the id as a number, compared as OpenTelemetry's ratio samplers in Python do.</summary>
    private static bool IsBelow(ActivityTraceId traceId, double ratio)
    {
        Span<byte> bytes = stackalloc byte[16];
        traceId.CopyTo(bytes);
        return ratio >= 1 || BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]) < (ulong)Math.Round(ratio * 18446744073709551616.0);
    }
}
