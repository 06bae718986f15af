namespace LlamaStack.Testing;

/// <summary>What is measured: a trace, a span or an assessment, with the trace that it belongs to.</summary>
internal sealed record MetricsRow(TraceRow Trace, SpanRow? Span = null, AssessmentRow? Assessment = null);
