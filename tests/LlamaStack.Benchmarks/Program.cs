using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using LlamaStack.Benchmarks;
using Perfolizer.Horology;

// dotnet run -c Release --project tests/LlamaStack.Benchmarks [-- --filter "*Chat*"]
// Ratios are of one run, in one process, on one machine: absolute times of another day or machine say little. They are of the fastest iterations, many and
// short ones: what the machine's other work adds, it adds to some of them only. All run briefly before any is measured: they share code, which the runtime
// would compile for the first one while it is measured.
// The last lines are the table of the README. With --once each benchmark runs a single time, to see that none has rotted.
var once = args.Contains("--once");
if (!once)
{
    Run(args, Job.Default.WithWarmupCount(10).WithIterationCount(10), ManualConfig.CreateEmpty().AddLogger(NullLogger.Instance));
}

var summaries = Run(
    once ? ["--filter", "*"] : args,
    once ? Job.Dry : Job.Default.WithWarmupCount(20).WithIterationCount(60),
    ManualConfig.Create(DefaultConfig.Instance)
        .AddDiagnoser(MemoryDiagnoser.Default)
        .AddColumn(StatisticColumn.Min, new FastestRatioColumn())
        .HideColumns(Column.Mean, Column.Median, Column.Error, Column.StdDev, Column.Ratio, Column.RatioSD, Column.Gen0, Column.Gen1, Column.Gen2)
        .WithArtifactsPath(Path.Combine(AppContext.BaseDirectory, "results")));
ReadmeTable.Print([.. summaries]);
return summaries.Any(summary => summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success)) ? 1 : 0;

IEnumerable<Summary> Run(string[] arguments, Job job, ManualConfig config) => BenchmarkSwitcher.FromAssembly(typeof(ChatCallBenchmarks).Assembly).Run(
    arguments,
    config
        .AddJob((once ? job : job.WithIterationTime(TimeInterval.FromMilliseconds(50))).WithToolchain(InProcessEmitToolchain.Instance))
        .WithOptions(ConfigOptions.DisableLogFile | (once ? ConfigOptions.DisableOptimizationsValidator : ConfigOptions.Default)));
