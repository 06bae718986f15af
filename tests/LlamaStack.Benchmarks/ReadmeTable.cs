using System.Globalization;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace LlamaStack.Benchmarks;

/// <summary>The table of the README, of those benchmarks that ran: what is added to the bare call, of the fastest iterations.</summary>
internal static class ReadmeTable
{
    private static readonly (string Title, Type Benchmarks, string Parameter)[] _rows =
    [
        ("chat call, 2 KB question and answer", typeof(ChatCallBenchmarks), "2"),
        ("chat call, 100 KB question", typeof(ChatCallBenchmarks), "100"),
        ("streamed chunk", typeof(StreamBenchmarks), ""),
    ];

    private static readonly string[] _columns =
    [
        nameof(ChatCallBenchmarks.Ours_without_content), nameof(ChatCallBenchmarks.Ours_with_content), nameof(ChatCallBenchmarks.Ours_with_content_written_as_OTLP),
        nameof(ChatCallBenchmarks.Microsoft_Extensions_AI_without_content), nameof(ChatCallBenchmarks.Microsoft_Extensions_AI_with_content),
    ];

    public static void Print(IReadOnlyList<Summary> summaries)
    {
        var reports = summaries.SelectMany(summary => summary.Reports).Where(report => report.ResultStatistics is not null).ToList();
        Console.WriteLine();
        Console.WriteLine("| | bare | traced, no content | traced, with content | and written for MLflow | Microsoft.Extensions.AI's `UseOpenTelemetry`, no content | with content |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (var (title, benchmarks, parameter) in _rows)
        {
            var row = reports.Where(report => report.BenchmarkCase.Descriptor.Type == benchmarks && ParameterOf(report.BenchmarkCase) == parameter).ToDictionary(report => report.BenchmarkCase.Descriptor.WorkloadMethod.Name);
            if (row.TryGetValue(nameof(ChatCallBenchmarks.Bare), out var bare))
            {
                var cells = _columns.Select(column => row.TryGetValue(column, out var report) ? $"+{Time(Math.Max(0, Fastest(report) - Fastest(bare)))}, {Size(Allocated(report) - Allocated(bare))}" : "–");
                Console.WriteLine($"| {title} | {Time(Fastest(bare))}, {Size(Allocated(bare))} | {string.Join(" | ", cells)} |");
            }
        }

        Say("the handler, nobody listening", typeof(NobodyListeningBenchmarks), nameof(NobodyListeningBenchmarks.Bare), nameof(NobodyListeningBenchmarks.Handler));
        Say("a span of 4 KB exported: by OpenTelemetry's OTLP exporter; for MLflow", typeof(ExportBenchmarks), nameof(ExportBenchmarks.OpenTelemetrys), nameof(ExportBenchmarks.Ours));
        Say("the same as a trace of its own", typeof(ExportBenchmarks), nameof(ExportBenchmarks.OpenTelemetrys), nameof(ExportBenchmarks.Ours_as_traces_of_one_span));

        void Say(string what, Type benchmarks, params string[] methods)
        {
            var found = methods.Select(method => reports.Find(report => report.BenchmarkCase.Descriptor.Type == benchmarks && report.BenchmarkCase.Descriptor.WorkloadMethod.Name == method)).OfType<BenchmarkReport>().ToList();
            if (found.Count == methods.Length)
            {
                Console.WriteLine($"{what}: {string.Join("; ", found.Select(report => $"{Time(Fastest(report))}, {Size(Allocated(report))}"))}; {Fastest(found[1]) / Fastest(found[0]):0.0} times");
            }
        }
    }

    private static string ParameterOf(BenchmarkCase benchmark) => benchmark.HasParameters ? string.Create(CultureInfo.InvariantCulture, $"{benchmark.Parameters.Items[0].Value}") : "";

    private static double Fastest(BenchmarkReport report) => report.ResultStatistics!.Min;

    private static double Allocated(BenchmarkReport report) => report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0;

    private static string Time(double nanoseconds) => nanoseconds < 100
        ? string.Create(CultureInfo.InvariantCulture, $"{nanoseconds:0} ns")
        : string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1000:0.##} µs");

    private static string Size(double bytes) => bytes < 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes:0} B")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1024:0.0} KB");
}
