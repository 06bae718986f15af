using System.Diagnostics;

namespace LlamaStack.TestSupport;

/// <summary>A real server, started by its script for as long as the tests run.</summary>
public sealed class PeerProcess : IAsyncDisposable
{
    private readonly Process _process;

    private PeerProcess(Process process, Uri address, IReadOnlyDictionary<string, string> info)
    {
        _process = process;
        Address = address;
        Info = info;
    }

    /// <summary>Gets the address from the script's READY line.</summary>
    public Uri Address { get; }

    /// <summary>Gets what else the READY line says, such as the data folder.</summary>
    public IReadOnlyDictionary<string, string> Info { get; }

    /// <summary>Gets the folder of the peers beside the checkout, or null where there is none.</summary>
    public static string? Folder { get; } = Find();

    /// <summary>Starts a script and waits for its READY line.</summary>
    public static Task<PeerProcess> StartAsync(string script, params string[] arguments) => StartAsync(script, new Dictionary<string, string>(), arguments);

    /// <summary>Starts a script with more variables in its environment, and waits for its READY line.</summary>
    public static async Task<PeerProcess> StartAsync(string script, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo("bash", [Path.Combine(Folder!, script), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        try
        {
            while (await process.StandardOutput.ReadLineAsync(limit.Token) is { } line)
            {
                if (line.StartsWith("READY ", StringComparison.Ordinal))
                {
                    var words = line.Split(' ');
                    return new PeerProcess(process, new Uri(words[1]), words.Where(word => word.Contains('=', StringComparison.Ordinal)).Select(word => word.Split('=', 2)).ToDictionary(pair => pair[0], pair => pair[1]));
                }
            }
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
        }

        throw new InvalidOperationException($"{script} did not start: {await errors}");
    }

    /// <summary>Ends the server itself as a crash does: at once, with nothing put in order.</summary>
    public async Task CrashAsync()
    {
        using var kill = Process.Start("kill", ["-KILL", Info["pid"]]);
        await kill.WaitForExitAsync();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            // Politely, so that the script ends what it has started.
            using var kill = Process.Start("kill", ["-TERM", _process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            try
            {
                await _process.WaitForExitAsync(limit.Token);
            }
            catch (OperationCanceledException)
            {
                _process.Kill(entireProcessTree: true);
            }
        }

        _process.Dispose();
    }

    private static string? Find()
    {
        var checkout = new DirectoryInfo(Fixtures.Root).Parent!.Parent!;
        var peers = Path.GetFullPath(Path.Combine(checkout.FullName, "..", "shared", "peers"));
        return Directory.Exists(peers) ? peers : null;
    }
}
