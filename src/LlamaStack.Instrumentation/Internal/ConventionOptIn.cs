namespace LlamaStack.Instrumentation;

/// <summary>OpenTelemetry's switches for conventions of generative AI, environment variables that other instrumentations obey, too.</summary>
internal static class ConventionOptIn
{
    private const string Latest = "gen_ai_latest_experimental";

    /// <summary>The form that is asked for by <c>OTEL_SEMCONV_STABILITY_OPT_IN</c>, a list of words.</summary>
    public static GenAIConvention Of(Func<string, string?> variables)
    {
        var words = (variables("OTEL_SEMCONV_STABILITY_OPT_IN") ?? "").Split(',', StringSplitOptions.TrimEntries);

        // "/dup" asks other conventions of OpenTelemetry for both forms; it wins, as there.
        return words.Contains(Latest + "/dup") ? GenAIConvention.Both : words.Contains(Latest) ? GenAIConvention.Latest : GenAIConvention.Released;
    }

    /// <summary>Are events asked for, by <c>OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT</c>?</summary>
    public static bool EmitsEvents(Func<string, string?> variables) =>
        "true".Equals(variables("OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT"), StringComparison.OrdinalIgnoreCase);
}
