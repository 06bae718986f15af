using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using LlamaStack.Benchmarks;

// dotnet run -c Release --project tests/LlamaStack.Benchmarks [-- --filter "*Chat*"]
// Ratios are of one run, in one process, on one machine: absolute times of another day or machine say little.
// With --once each benchmark runs a single time, to see that none has rotted.
var once = args.Contains("--once");
var job = (once ? Job.Dry : Job.ShortRun).WithToolchain(InProcessEmitToolchain.Instance);
var config = ManualConfig.Create(DefaultConfig.Instance)
    .AddJob(job)
    .AddDiagnoser(MemoryDiagnoser.Default)
    .HideColumns(Column.Error, Column.StdDev, Column.RatioSD, Column.Gen0, Column.Gen1, Column.Gen2)
    .WithOptions(once ? ConfigOptions.DisableLogFile | ConfigOptions.DisableOptimizationsValidator : ConfigOptions.DisableLogFile)
    .WithArtifactsPath(Path.Combine(AppContext.BaseDirectory, "results"));
var summaries = BenchmarkSwitcher.FromAssembly(typeof(ChatCallBenchmarks).Assembly).Run(once ? ["--filter", "*"] : args, config);
return summaries.Any(summary => summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success)) ? 1 : 0;
