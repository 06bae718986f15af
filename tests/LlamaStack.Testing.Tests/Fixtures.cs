using System.Text.Json.Nodes;

namespace LlamaStack.Testing.Tests;

/// <summary>The test data of the repository.</summary>
internal static class Fixtures
{
    private static readonly string _root = FindRoot();

    public static string Folder(string name) => Path.Combine(_root, name);

    public static JsonNode Read(string folder, string file) => JsonNode.Parse(File.ReadAllBytes(Path.Combine(Folder(folder), file)))!;

    public static IEnumerable<string> Files(string folder) => Directory.EnumerateFiles(Folder(folder), "*.json").Select(static path => Path.GetFileName(path));

    private static string FindRoot()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            var candidate = Path.Combine(folder, "tests", "fixtures");
            if (Directory.Exists(candidate))
            {
                return candidate;
            }
        }

        throw new DirectoryNotFoundException("tests/fixtures is in none of the folders above the test program.");
    }
}
