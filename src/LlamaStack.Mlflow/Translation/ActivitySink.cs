using System.Diagnostics;
using System.Text;

namespace LlamaStack.Mlflow;

/// <summary>Attributes for exporters that read activities: text.</summary>
internal sealed class ActivitySink(Activity activity) : IAttributeSink
{
    public void Add(string key, string value) => activity.SetTag(key, value);

    public void Add(string key, ReadOnlySpan<byte> json) => activity.SetTag(key, Encoding.UTF8.GetString(JsonSurrogates.Mend(json)));
}
