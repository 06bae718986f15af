using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.RegularExpressions;

namespace LlamaStack.IntegrationTests;

/// <summary>A program of this repository, mostly a sample, started with the settings a user would give it.</summary>
internal sealed partial class SampleProgram : IAsyncDisposable
{
    private readonly Process _process;
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly TaskCompletionSource<Uri> _listening = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private SampleProgram(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, line) => Read(line.Data);
        process.ErrorDataReceived += (_, line) => Read(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Gets what the program has said so far.</summary>
    public string Output => string.Join('\n', _lines);

    /// <summary>Starts a sample and gives the address it listens at.</summary>
    public static async Task<(SampleProgram Program, HttpClient Http)> ServeAsync(string name, IReadOnlyDictionary<string, string> settings, CancellationToken cancellationToken)
    {
        var program = Start(name, settings, "--urls", "http://127.0.0.1:0");
        try
        {
            var address = await program._listening.Task.WaitAsync(TimeSpan.FromSeconds(60), cancellationToken);
            return (program, new HttpClient { BaseAddress = address });
        }
        catch (Exception e)
        {
            throw new InvalidOperationException($"{name} does not listen: {program.Output}", e);
        }
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>The exit code and what it said.</returns>
    public static async Task<(int ExitCode, string Output)> RunAsync(
        string name, IReadOnlyDictionary<string, string> settings, CancellationToken cancellationToken, params string[] arguments)
    {
        await using var program = Start(name, settings, arguments);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        await program._process.WaitForExitAsync(limit.Token);
        return (program._process.ExitCode, program.Output);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static SampleProgram Start(string name, IReadOnlyDictionary<string, string> settings, params string[] arguments)
    {
        // Beside this test's own folder under artifacts/bin, in the same configuration.
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        var start = new ProcessStartInfo("dotnet", [Path.Combine(folder.Parent!.Parent!.FullName, name, folder.Name, $"{name}.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var variable in start.Environment.Keys.Where(key => Foreign().IsMatch(key)).ToList())
        {
            start.Environment.Remove(variable);
        }

        foreach (var (key, value) in settings)
        {
            start.Environment[key] = value;
        }

        var process = Process.Start(start)!;
        process.StandardInput.Close();
        return new SampleProgram(process);
    }

    [GeneratedRegex("^(MLFLOW|OTEL|LLAMA|OGX|ASPNETCORE)_|^LlamaStack__", RegexOptions.IgnoreCase)]
    private static partial Regex Foreign();

    private void Read(string? line)
    {
        if (line is null)
        {
            return;
        }

        _lines.Enqueue(line);
        if (line.Split("Now listening on: ") is [_, var address])
        {
            _listening.TrySetResult(new Uri(address));
        }
    }
}
