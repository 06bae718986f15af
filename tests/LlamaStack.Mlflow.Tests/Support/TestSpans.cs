using System.Diagnostics;
using System.Text;
using System.Text.Json;
using LlamaStack.Instrumentation;

namespace LlamaStack.Mlflow.Tests;

/// <summary>Spans made by hand, from a source that nobody else listens to. They run on: what has ended can have no children.</summary>
internal sealed class TestSpans : IDisposable
{
    private readonly ActivitySource _source = new($"Tests.{Guid.NewGuid():N}");
    private readonly ActivityListener _listener;

    public TestSpans()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source == _source,
            Sample = (ref _) => ActivitySamplingResult.AllDataAndRecorded,
        };
        ActivitySource.AddActivityListener(_listener);
    }

    /// <summary>JSON as the instrumentation hands it over.</summary>
    public static PooledBytes Bytes(string json)
    {
        var bytes = new PooledBytes();
        bytes.Append(Encoding.UTF8.GetBytes(json));
        return bytes;
    }

    public static string Text(PooledBytes bytes) => Encoding.UTF8.GetString(bytes.Span);

    public static JsonElement Json(PooledBytes bytes) => JsonDocument.Parse(Encoding.UTF8.GetString(bytes.Span)).RootElement;

    /// <summary>A span below another.</summary>
    public Activity Span(string name = "span", ActivityKind kind = ActivityKind.Internal, Activity? parent = null, params IEnumerable<(string Key, object? Value)> tags)
    {
        var current = Activity.Current;
        Activity.Current = parent;
        var span = _source.StartActivity(name, kind)!;
        foreach (var (key, value) in tags)
        {
            span.SetTag(key, value);
        }

        Activity.Current = current;
        return span;
    }

    /// <summary>A model call with what was asked and answered.</summary>
    public Activity Call(GenAIApi api, string? request, string? response, Activity? parent = null, params IEnumerable<(string Key, object? Value)> tags)
    {
        var (operation, type) = api switch
        {
            GenAIApi.Completions => ("text_completion", SpanType.Llm),
            GenAIApi.Embeddings => ("embeddings", SpanType.Embedding),
            _ => ("chat", SpanType.ChatModel),
        };
        var span = Span($"{operation} m", ActivityKind.Client, parent, [("gen_ai.operation.name", operation), ("gen_ai.provider.name", "llama_stack"), ("gen_ai.request.model", "m"), .. tags]);
        new SpanContent(type) { Api = api, Inputs = request is null ? null : Bytes(request), Outputs = response is null ? null : Bytes(response) }.AttachTo(span);
        return span;
    }

    /// <summary>A span started by hand.</summary>
    public Activity Manual(string name, SpanType type, string? inputs = null, string? outputs = null, Activity? parent = null, params IEnumerable<(string Key, object? Value)> tags)
    {
        var span = Span(name, ActivityKind.Internal, parent, tags);
        new SpanContent(type) { Inputs = inputs is null ? null : Bytes(inputs), Outputs = outputs is null ? null : Bytes(outputs) }.AttachTo(span);
        return span;
    }

    public void Dispose()
    {
        _listener.Dispose();
        _source.Dispose();
    }
}

/// <summary>Attributes as MLflow would get them.</summary>
internal sealed class AttributeList : IAttributeSink
{
    private readonly Dictionary<string, string> _attributes = [];

    /// <summary>The attributes of a span of a trace.</summary>
    public static IReadOnlyDictionary<string, string> Of(Activity span, CompletedTrace trace, MlflowTracingOptions? options = null)
    {
        var list = new AttributeList();
        new SpanAttributes(options ?? new MlflowTracingOptions()).Write(new ExportedSpan(span), trace, list);
        return list._attributes;
    }

    /// <summary>The attributes of a span that is a trace of its own.</summary>
    public static IReadOnlyDictionary<string, string> Of(Activity span, MlflowTracingOptions? options = null) => Of(span, new CompletedTrace([span], span), options);

    public void Add(string key, string value) => _attributes.Add(key, value);

    public void Add(string key, ReadOnlySpan<byte> json) => _attributes.Add(key, Encoding.UTF8.GetString(json));
}
