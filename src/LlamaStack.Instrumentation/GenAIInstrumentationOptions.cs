namespace LlamaStack.Instrumentation;

/// <summary>What the instrumentation of an <see cref="HttpClient"/> records. What is not set follows <c>WithMlflowTracing()</c> where the application uses it.</summary>
public sealed class GenAIInstrumentationOptions
{
    /// <summary>Gets or sets whether prompts and answers are recorded.</summary>
    /// <value>Not set: as <c>WithMlflowTracing()</c> has it; without that <see cref="ContentCapture.None"/>, as OpenTelemetry asks.</value>
    public ContentCapture? ContentCapture { get; set; }

    /// <summary>
    /// Gets or sets what makes a text fit to be recorded, for <see cref="ContentCapture.Redacted"/>: each text of a prompt or an answer, arguments and results of tools
    /// (JSON in a text), the words of an error. It is given one text and gives back what may be recorded; where it throws, nothing is. It runs on the path of the call.
    /// </summary>
    /// <value>Not set: as <c>WithMlflowTracing()</c> has it.</value>
    public Func<string, string>? Redact { get; set; }

    /// <summary>Gets or sets the most bytes of one input or output that are recorded, as JSON. Of more, the longest texts are cut, and say so.</summary>
    /// <value>Not set: as <c>WithMlflowTracing()</c> has it; without that 8 MiB.</value>
    public int? MaxContentLength { get; set; }

    /// <summary>Gets or sets the value of <c>gen_ai.provider.name</c>.</summary>
    /// <value>Not set: told from the server's host name where it is a well-known one, else <c>llama_stack</c>.</value>
    public string? ProviderName { get; set; }

    /// <summary>Gets or sets whether a caller who says "not sampled" (<c>traceparent</c> ending in <c>-00</c>) silences model calls too.</summary>
    /// <value>
    /// Not set: as <c>WithMlflowTracing()</c> has it; without that <see langword="true"/>.
    /// Where <see langword="false"/>, a model call below such a request starts a trace of its own, linked to the caller's.
    /// </value>
    public bool? HonorIncomingSampling { get; set; }

    /// <summary>Gets or sets whether the request carries the GenAI span's own id to the server, so that the server's spans hang directly below it.</summary>
    /// <value>
    /// Not set: as <c>WithMlflowTracing()</c> has it; without that <see langword="true"/>.
    /// Set it to <see langword="false"/> where spans of the HTTP client are exported too: then they come in between.
    /// </value>
    public bool? InjectTraceContext { get; set; }

    /// <summary>
    /// Gets or sets whether a streamed chat completion that does not say whether it wants token counts asks for them (<c>stream_options.include_usage</c>): most servers
    /// tell them only then. The chunk that they come in is taken out of the stream again, whose reader did not ask for it.
    /// </summary>
    /// <value>Not set: <see langword="true"/> for clients of <c>AddLlamaStack()</c>, else <see langword="false"/>: some servers refuse the member.</value>
    public bool? AskForStreamUsage { get; set; }

    /// <summary>Gets or sets which form of the GenAI conventions spans and metrics follow.</summary>
    /// <value>
    /// Not set: <see cref="GenAIConvention.Latest"/> where the environment variable <c>OTEL_SEMCONV_STABILITY_OPT_IN</c> lists <c>gen_ai_latest_experimental</c>,
    /// <see cref="GenAIConvention.Both"/> where it lists <c>gen_ai_latest_experimental/dup</c>, else <see cref="GenAIConvention.Released"/>.
    /// </value>
    public GenAIConvention? Convention { get; set; }

    /// <summary>Gets or sets whether each call of a model that writes is told in a log record, too, <c>gen_ai.client.inference.operation.details</c>, with all attributes of its span.</summary>
    /// <value>
    /// Not set: <see langword="true"/> where the environment variable <c>OTEL_INSTRUMENTATION_GENAI_EMIT_EVENT</c> is <c>true</c>. The record's level is Information, in the newer form of the convention Debug;
    /// it holds prompts and answers where <see cref="ContentCapture"/> keeps them.
    /// </value>
    public bool? EmitOperationDetails { get; set; }

    /// <summary>Gets or sets whether an exporter of ours takes the content as bytes: then it does not become text on the span.</summary>
    internal bool AttachContent { get; set; }

    /// <summary>Gets or sets whether content becomes attributes of the span, in the convention's message format.</summary>
    internal bool WriteMessages { get; set; } = true;
}
