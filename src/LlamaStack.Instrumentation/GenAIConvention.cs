namespace LlamaStack.Instrumentation;

/// <summary>Which form of OpenTelemetry's conventions for generative AI is spoken. They differ in a few attributes and in most metrics.</summary>
[Flags]
public enum GenAIConvention
{
    /// <summary>The last released one, v1.41: what MLflow, the Aspire dashboard and the .NET libraries speak.</summary>
    Released = 1,

    /// <summary>The one that is being made, in the conventions' own repository since 2026. It may change with any version of this library.</summary>
    Latest = 2,

    /// <summary>Both at once, while dashboards move from one to the other: where names differ, each is written.</summary>
    Both = Released | Latest,
}
