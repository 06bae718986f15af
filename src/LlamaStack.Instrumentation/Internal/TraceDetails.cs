using System.Diagnostics;

namespace LlamaStack.Instrumentation;

/// <summary>What is said of a trace as a whole. It hangs on the topmost local activity, so that everyone in the trace speaks of the same one.</summary>
internal sealed class TraceDetails
{
    private const string PropertyName = "LlamaStack.Trace";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, string> _tags = [];
    private readonly Dictionary<string, string> _metadata = [];
    private readonly List<(string Name, int Version)> _prompts = [];

    public string? Name { get; set; }

    public string? Session { get; set; }

    public string? User { get; set; }

    public string? ClientRequestId { get; set; }

    public string? RunId { get; set; }

    public string? RequestPreview { get; set; }

    public string? ResponsePreview { get; set; }

    public KeyValuePair<string, string>[] Tags
    {
        get
        {
            lock (_lock)
            {
                return [.. _tags];
            }
        }
    }

    public KeyValuePair<string, string>[] Metadata
    {
        get
        {
            lock (_lock)
            {
                return [.. _metadata];
            }
        }
    }

    /// <summary>Gets the prompts that it uses, each once.</summary>
    public (string Name, int Version)[] Prompts
    {
        get
        {
            lock (_lock)
            {
                return [.. _prompts];
            }
        }
    }

    public void SetTag(string key, string value)
    {
        lock (_lock)
        {
            _tags[key] = value;
        }
    }

    public void SetMetadata(string key, string value)
    {
        lock (_lock)
        {
            _metadata[key] = value;
        }
    }

    /// <summary>Adds what was not said yet.</summary>
    public void AddMissing(IEnumerable<KeyValuePair<string, string>> tags, IEnumerable<KeyValuePair<string, string>> metadata)
    {
        lock (_lock)
        {
            foreach (var (key, value) in tags)
            {
                _tags.TryAdd(key, value);
            }

            foreach (var (key, value) in metadata)
            {
                _metadata.TryAdd(key, value);
            }
        }
    }

    public void LinkPrompt(string name, int version)
    {
        lock (_lock)
        {
            if (!_prompts.Contains((name, version)))
            {
                _prompts.Add((name, version));
            }
        }
    }

    /// <summary>The details of the trace that an activity belongs to, if anything was said of it.</summary>
    public static TraceDetails? Of(Activity activity) => Top(activity).GetCustomProperty(PropertyName) as TraceDetails;

    public static TraceDetails OfOrNew(Activity activity)
    {
        var top = Top(activity);
        if (top.GetCustomProperty(PropertyName) is TraceDetails known)
        {
            return known;
        }

        lock (PropertyName)
        {
            if (top.GetCustomProperty(PropertyName) is not TraceDetails details)
            {
                details = new TraceDetails();
                top.SetCustomProperty(PropertyName, details);
            }

            return details;
        }
    }

    /// <summary>The topmost activity of this process above this one, or this one.</summary>
    public static Activity Top(Activity activity)
    {
        while (activity.Parent is { } parent)
        {
            activity = parent;
        }

        return activity;
    }
}
