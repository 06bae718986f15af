using System.Diagnostics;
using LlamaStack.TestSupport;

namespace LlamaStack.IntegrationTests;

/// <summary>The shipped configuration, judged by the real Collector and by what must never slip in.</summary>
public sealed class CollectorConfigurationTests
{
    [Fact]
    public async Task The_real_Collector_accepts_it()
    {
        Assert.SkipWhen(PeerProcess.Folder is null, "no real Collector: put the peers folder at ../shared/peers");
        using var process = Process.Start(new ProcessStartInfo("bash", [Path.Combine(PeerProcess.Folder, "start-otelcol"), "validate", "--config", ShippedCollector.Configuration]) { RedirectStandardOutput = true, RedirectStandardError = true })!;

        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);

        Assert.True(process.ExitCode == 0, await errors);
        Assert.Contains("VALID", output, StringComparison.Ordinal);
    }

    [Fact]
    public void It_has_no_batch_processor_and_each_exporter_of_traces_a_queue_on_disk()
    {
        var lines = File.ReadAllLines(ShippedCollector.Configuration).Select(line => line.Split('#')[0].TrimEnd()).ToList();

        Assert.DoesNotContain(lines, line => line is "  batch:" || (line.StartsWith("  batch/", StringComparison.Ordinal)));
        Assert.DoesNotContain(lines, line => line.Contains("processors:", StringComparison.Ordinal) && line.Contains("batch", StringComparison.Ordinal));
        Assert.Equal(2, lines.Count(line => line.Trim() == "storage: file_storage"));
        Assert.Contains("    <<: *mlflow", lines);
    }
}
