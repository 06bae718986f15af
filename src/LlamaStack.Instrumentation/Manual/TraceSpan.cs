using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;

namespace LlamaStack.Instrumentation;

/// <summary>A span of one's own: what <c>@mlflow.trace</c> and <c>mlflow.start_span</c> give in Python. It ends when it is disposed.</summary>
/// <remarks>Where nobody listens, or the trace is not sampled, every method does nothing.</remarks>
public sealed class TraceSpan : IDisposable
{
    private readonly Activity? _previous;
    private readonly bool _owned;

    internal TraceSpan(Activity? activity, Activity? previous, bool owned)
    {
        Activity = activity;
        _previous = previous;
        _owned = owned;
    }

    /// <summary>Gets the activity behind this span; null where it is not recorded.</summary>
    public Activity? Activity { get; }

    /// <summary>Gets the id of the span's trace as MLflow names it.</summary>
    /// <value><c>tr-</c> and 32 hexadecimal digits; null where the span is not recorded.</value>
    public string? TraceId => LlamaStackTrace.TraceIdOf(Activity);

    /// <summary>Says what the span stands for.</summary>
    /// <param name="type">The type; MLflow draws an icon for it and groups its dashboards by it.</param>
    /// <returns>This span.</returns>
    public TraceSpan SetType(SpanType type)
    {
        if (Activity is not null)
        {
            Content(Activity).Type = type;
        }

        return this;
    }

    /// <summary>Records what went in.</summary>
    /// <param name="inputs">Text, a number, or a JSON object or array. An object with <c>messages</c> in OpenAI's form is drawn as a chat.</param>
    /// <returns>This span.</returns>
    public TraceSpan SetInputs(JsonNode? inputs)
    {
        if (Activity is not null)
        {
            Content(Activity).Inputs = Recorded(inputs);
        }

        return this;
    }

    /// <summary>Records what went in.</summary>
    /// <typeparam name="T">The type of the inputs.</typeparam>
    /// <param name="inputs">Any value that its type information can serialize.</param>
    /// <param name="typeInfo">How to serialize it, for example from a source-generated context.</param>
    /// <returns>This span.</returns>
    public TraceSpan SetInputs<T>(T inputs, JsonTypeInfo<T> typeInfo) =>
        Activity is null ? this : SetInputs(JsonSerializer.SerializeToNode(inputs, typeInfo));

    /// <summary>Records what came out.</summary>
    /// <param name="outputs">Text, a number, or a JSON object or array.</param>
    /// <returns>This span.</returns>
    public TraceSpan SetOutputs(JsonNode? outputs)
    {
        if (Activity is not null)
        {
            Content(Activity).Outputs = Recorded(outputs);
        }

        return this;
    }

    /// <summary>Records what came out.</summary>
    /// <typeparam name="T">The type of the outputs.</typeparam>
    /// <param name="outputs">Any value that its type information can serialize.</param>
    /// <param name="typeInfo">How to serialize it, for example from a source-generated context.</param>
    /// <returns>This span.</returns>
    public TraceSpan SetOutputs<T>(T outputs, JsonTypeInfo<T> typeInfo) =>
        Activity is null ? this : SetOutputs(JsonSerializer.SerializeToNode(outputs, typeInfo));

    /// <summary>Records an attribute.</summary>
    /// <param name="key">The attribute's name.</param>
    /// <param name="value">Text, a number, a truth value, or an array of one of these; null removes it.</param>
    /// <returns>This span.</returns>
    public TraceSpan SetAttribute(string key, object? value)
    {
        ArgumentNullException.ThrowIfNull(key);
        Activity?.SetTag(key, value);
        return this;
    }

    /// <summary>Says that the span failed, and why. An error of the topmost span is an error of the trace.</summary>
    /// <param name="exception">What was thrown; it becomes an <c>exception</c> event. Where tracing records no content, its type is told and its words are not.</param>
    /// <returns>This span.</returns>
    public TraceSpan SetError(Exception exception) => SetError(exception, keepContent: true);

    internal TraceSpan SetError(Exception exception, bool keepContent)
    {
        ArgumentNullException.ThrowIfNull(exception);
        if (Activity is not null)
        {
            var content = keepContent ? ManualDefaults.Content.Current() : ContentPolicy.None;
            var type = exception.GetType().FullName;
            Activity.SetTag(SemanticAttributes.ErrorType, type);
            Activity.SetStatus(ActivityStatusCode.Error, content.Text(exception.Message) ?? type);
            content.AddException(Activity, exception);
        }

        return this;
    }

    /// <summary>Ends the span; the one that was current before it is current again.</summary>
    public void Dispose()
    {
        if (_owned && Activity is { IsStopped: false } activity)
        {
            activity.Stop();
            Activity.Current = _previous;
            SpanContent.Of(activity)?.Release();
        }
    }

    private static SpanContent Content(Activity activity)
    {
        var content = SpanContent.Of(activity);
        if (content is null)
        {
            content = new SpanContent(SpanType.Chain);
            content.AttachTo(activity);
        }

        return content;
    }

    private static PooledBytes? Recorded(JsonNode? value)
    {
        var content = ManualDefaults.Content.Current();
        if (value is null || !content.Records)
        {
            return null;
        }

        var bytes = new PooledBytes();
        using var writer = new Utf8JsonWriter(bytes, JsonOutput.Options);
        value.WriteTo(writer);
        writer.Flush();
        return content.Json(bytes, isExchange: false);
    }
}
