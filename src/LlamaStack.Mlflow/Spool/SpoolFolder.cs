using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace LlamaStack.Mlflow;

/// <summary>The files of one destination in the spool directory, of all processes that send there. Nobody but the owner may look in.</summary>
internal sealed class SpoolFolder
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    private static int _count;

    /// <summary>Makes the folder.</summary>
    /// <exception cref="IOException">It cannot be made.</exception>
    /// <exception cref="UnauthorizedAccessException">It belongs to someone else, or the directory may not be written to.</exception>
    public SpoolFolder(MlflowTracingOptions options)
    {
        Path = System.IO.Path.Combine(System.IO.Path.GetFullPath(options.SpoolDirectory!), NameFor(options));
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(Path);
            return;
        }

        var folder = Directory.CreateDirectory(Path, OwnerOnly);
        if (folder.LinkTarget is not null)
        {
            throw new UnauthorizedAccessException($"{Path} is a link.");
        }

        // One that was there already is ours to close, or someone else's, and then this fails.
        if (folder.UnixFileMode != OwnerOnly)
        {
            File.SetUnixFileMode(Path, OwnerOnly);
        }
    }

    public string Path { get; }

    /// <summary>Gets the size of all files in it.</summary>
    public long Size => Files("*").Sum(file => file.Exists ? file.Length : 0);

    /// <summary>A name that no other file has; names sort by time.</summary>
    public string NewFile(DateTimeOffset now) => System.IO.Path.Combine(
        Path,
        string.Create(CultureInfo.InvariantCulture, $"{now.UtcDateTime:yyyyMMdd'T'HHmmssfff}-{Interlocked.Increment(ref _count):D6}-{Environment.ProcessId}-{Guid.NewGuid():N}{SpoolFile.Extension}"));

    /// <summary>The files that hold traces, oldest first.</summary>
    public IEnumerable<string> Spooled() => Files("*" + SpoolFile.Extension).Select(file => file.FullName).Order(StringComparer.Ordinal);

    /// <summary>Deletes what was set aside so long ago that nobody will look any more, and files that their makers have never written to.</summary>
    public void DeleteUselessBefore(DateTimeOffset time)
    {
        foreach (var file in Files("*").Where(file => file.LastWriteTimeUtc < time.UtcDateTime && (file.Extension == SpoolFile.DamagedExtension || file.Length == 0)))
        {
            file.Delete();
        }
    }

    /// <summary>Traces belong to one server and experiment for good; credentials may change.</summary>
    private static string NameFor(MlflowTracingOptions options)
    {
        var destination = string.Join('\n', options.Address.TrimEnd('/'), options.ExperimentId, options.ExperimentId is null ? options.ExperimentName : null, options.Workspace);
        return $"mlflow-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(destination)))[..16]}";
    }

    private IEnumerable<FileInfo> Files(string pattern) => new DirectoryInfo(Path).EnumerateFiles(pattern);
}
