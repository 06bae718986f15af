using System.Diagnostics;
using LlamaStack.Interop.Tests;
using LlamaStack.TestSupport;

[assembly: AssemblyFixture(typeof(PackedPackages))]

namespace LlamaStack.Interop.Tests;

/// <summary>The six packages, packed once when a test first asks for them, with a version that nobody has ever had.</summary>
public sealed class PackedPackages : IAsyncLifetime
{
    public static readonly string[] Names =
        ["LlamaStack.AspNetCore", "LlamaStack.Client", "LlamaStack.Instrumentation", "LlamaStack.Mlflow", "LlamaStack.SemanticKernel", "LlamaStack.Testing"];

    private readonly Lazy<Task> _packed;

    public PackedPackages() => _packed = new Lazy<Task>(PackAsync);

    /// <summary>Gets the folder of the checkout, which no package may name.</summary>
    public static string Checkout { get; } = new DirectoryInfo(Fixtures.Root).Parent!.Parent!.FullName;

    public string Version { get; } = $"0.1.0-drill.{Guid.NewGuid():N}";

    /// <summary>Gets the folder of all that is made here.</summary>
    public string Folder { get; } = Path.Combine(Path.GetTempPath(), $"llamastack-packages-{Guid.NewGuid():N}");

    public string Feed => Path.Combine(Folder, "feed");

    public Task PackedAsync() => _packed.Value;

    public static Task<string> DotnetAsync(string folder, params string[] arguments) => RunAsync("dotnet", folder, arguments);

    /// <summary>Runs a program; what it says if it fails is the failure.</summary>
    public static async Task<string> RunAsync(string program, string folder, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(TimeSpan.FromMinutes(20));
        try
        {
            await process.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }

        Assert.True(process.ExitCode == 0, $"{program} {string.Join(' ', arguments)}\n{await output}\n{await errors}");
        return await output;
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        if (Directory.Exists(Folder))
        {
            Directory.Delete(Folder, recursive: true);
        }

        return ValueTask.CompletedTask;
    }

    /// <summary>Runs a command of the SDK on a project as CI does: paths of the machine stay out.</summary>
    public Task<string> BuildAsync(string checkout, string command, string name, params string[] more) =>
        DotnetAsync(checkout, [command, Path.Combine("src", name), "-c", "Release", $"-p:Version={Version}", "-p:ContinuousIntegrationBuild=true", "--nologo", .. more]);

    private async Task PackAsync()
    {
        foreach (var name in Names)
        {
            await BuildAsync(Checkout, "pack", name, "-o", Feed);
        }
    }
}
