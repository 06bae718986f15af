namespace LlamaStack.Instrumentation;

/// <summary>OpenTelemetry's switch between forms of a convention, the environment variable <c>OTEL_SEMCONV_STABILITY_OPT_IN</c>: a list of words, of any instrumentation.</summary>
internal static class ConventionOptIn
{
    public const string Variable = "OTEL_SEMCONV_STABILITY_OPT_IN";

    private const string Latest = "gen_ai_latest_experimental";

    /// <summary>The form that a value of the variable asks for.</summary>
    public static GenAIConvention Read(string? value)
    {
        var convention = GenAIConvention.Released;
        foreach (var word in (value ?? "").Split(',', StringSplitOptions.TrimEntries))
        {
            // "/dup" asks other conventions of OpenTelemetry for both forms; it wins, as there.
            if (word is Latest + "/dup")
            {
                return GenAIConvention.Both;
            }

            convention = word is Latest ? GenAIConvention.Latest : convention;
        }

        return convention;
    }
}
