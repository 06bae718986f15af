using System.Globalization;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace LlamaStack.Benchmarks;

/// <summary>The fastest iteration's time, against the baseline's fastest.</summary>
internal sealed class FastestRatioColumn : IColumn
{
    public string Id => nameof(FastestRatioColumn);

    public string ColumnName => "Ratio of Min";

    public bool AlwaysShow => true;

    public ColumnCategory Category => ColumnCategory.Baseline;

    public int PriorityInCategory => 0;

    public bool IsNumeric => true;

    public UnitType UnitType => UnitType.Dimensionless;

    public string Legend => "Min, divided by the baseline's Min";

    public bool IsAvailable(Summary summary) => true;

    public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, summary.Style);

    public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style)
    {
        var baseline = summary.GetBaseline(summary.GetLogicalGroupKey(benchmarkCase));
        return summary[benchmarkCase]?.ResultStatistics is { } own && baseline is not null && summary[baseline]?.ResultStatistics is { } others
            ? (own.Min / others.Min).ToString("0.00", CultureInfo.InvariantCulture)
            : "?";
    }
}
