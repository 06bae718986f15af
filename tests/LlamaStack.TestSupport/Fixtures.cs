using System.Text.Json;

namespace LlamaStack.TestSupport;

/// <summary>The test data under <c>tests/fixtures</c>.</summary>
public static class Fixtures
{
    /// <summary>Gets the folder of the test data, found from where the test runs upwards.</summary>
    public static string Root { get; } = Find();

    /// <summary>The full path of a file or folder of the test data.</summary>
    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    public static byte[] Bytes(params string[] parts) => File.ReadAllBytes(PathOf(parts));

    /// <summary>All captured exchanges of a folder of <c>llamastack-live</c>.</summary>
    public static IEnumerable<LiveExchange> Live(string folder)
    {
        using var meta = JsonDocument.Parse(Bytes("llamastack-live", folder, "meta.json"));
        foreach (var entry in meta.RootElement.EnumerateObject())
        {
            yield return LiveExchange.Read(folder, entry.Name, entry.Value);
        }
    }

    /// <summary>One captured exchange.</summary>
    public static LiveExchange Live(string folder, string name) => Live(folder).Single(exchange => exchange.Name == name);

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var fixtures = Path.Combine(folder.FullName, "tests", "fixtures");
            if (Directory.Exists(fixtures))
            {
                return fixtures;
            }
        }

        throw new DirectoryNotFoundException("tests/fixtures was not found above " + AppContext.BaseDirectory);
    }
}
