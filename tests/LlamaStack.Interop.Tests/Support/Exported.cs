using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using LlamaStack.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using OpenTelemetry.Trace;

namespace LlamaStack.Interop.Tests;

/// <summary>All that anybody could export of an application: spans with their events, metrics, and logs down to the level where libraries log content by design.</summary>
internal sealed class Exported : IDisposable
{
    private readonly List<Activity> _spans = [];
    private readonly ConcurrentBag<string> _measurements = [];
    private readonly LogLines _logs = new();
    private readonly MeterListener _meters = new();

    public Exported()
    {
        _meters.InstrumentPublished = static (instrument, listener) => listener.EnableMeasurementEvents(instrument);
        _meters.SetMeasurementEventCallback<long>((instrument, _, tags, _) => Measured(instrument, tags));
        _meters.SetMeasurementEventCallback<int>((instrument, _, tags, _) => Measured(instrument, tags));
        _meters.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Measured(instrument, tags));
        _meters.Start();
    }

    /// <summary>Listens to an application.</summary>
    public void Configure(IServiceCollection services)
    {
        services.AddLogging(logging => logging.SetMinimumLevel(LogLevel.Debug).AddProvider(_logs));
        services.ConfigureOpenTelemetryTracerProvider(builder => builder.AddInMemoryExporter(_spans));
    }

    /// <summary>Everything, as text.</summary>
    public IEnumerable<string> Texts => [.. _spans.Select(TextOf), .. _measurements, .. _logs.All.Select(line => line.ToString())];

    public void Dispose() => _meters.Dispose();

    private static string TextOf(Activity span) =>
        $"span {span.Source.Name}: {span.DisplayName} {span.StatusDescription} {TextOf(span.TagObjects)} {TextOf(span.Baggage.Select(item => KeyValuePair.Create(item.Key, (object?)item.Value)))} "
        + string.Join(' ', span.Events.Select(item => $"{item.Name} {TextOf(item.Tags)}").Concat(span.Links.Select(link => TextOf(link.Tags ?? []))));

    private static string TextOf(IEnumerable<KeyValuePair<string, object?>> tags) =>
        string.Join(' ', tags.Select(tag => $"{tag.Key}={(tag.Value is object[] values ? string.Join(',', values) : tag.Value)}"));

    private void Measured(Instrument instrument, ReadOnlySpan<KeyValuePair<string, object?>> tags) => _measurements.Add($"metric {instrument.Name} {TextOf(tags.ToArray())}");
}
