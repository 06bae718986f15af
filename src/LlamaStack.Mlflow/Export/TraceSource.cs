using System.Reflection;

namespace LlamaStack.Mlflow;

/// <summary>Where a trace comes from, in the words of MLflow's Python library: the program, and the commit that it was built from.</summary>
internal static class TraceSource
{
    /// <summary>Gets what is true of all traces of this process.</summary>
    public static IReadOnlyDictionary<string, string> Metadata => field ??= Of(Assembly.GetEntryAssembly(), Environment.GetCommandLineArgs());

    /// <summary>What a program says of itself. The .NET SDK writes the commit into the version of what it builds in a repository.</summary>
    /// <remarks>Not the repository's address: MLflow's page would make of it a link to the program's path in that repository, where a script lies and a build does not.</remarks>
    /// <param name="program">The program; null where it is none of .NET's.</param>
    /// <param name="arguments">Its command line, its own path first.</param>
    public static IReadOnlyDictionary<string, string> Of(Assembly? program, IReadOnlyList<string> arguments)
    {
        Dictionary<string, string> metadata = new()
        {
            [MlflowAttributes.Metadata.SourceName] = arguments is [{ Length: > 0 } path, ..] ? path : program?.GetName().Name ?? "<unknown>",
            [MlflowAttributes.Metadata.SourceType] = "LOCAL",
        };
        if (program?.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion is { } version
            && version.LastIndexOf('+') is var plus and > 0
            && version[(plus + 1)..] is { Length: 40 or 64 } commit
            && commit.All(char.IsAsciiHexDigit))
        {
            metadata[MlflowAttributes.Metadata.GitCommit] = commit;
        }

        return metadata;
    }
}
