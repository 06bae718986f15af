using System.Text.Json;

namespace LlamaStack.Client.Tests;

/// <summary>What real servers said: the folder tests/fixtures of the repository.</summary>
internal static class Fixtures
{
    public static string Root { get; } = Path.Combine(FindRepository(), "tests", "fixtures");

    /// <summary>Recorded exchanges of the live servers with one of the API's paths.</summary>
    public static IEnumerable<Exchange> Exchanges(Func<string, bool> isPath) =>
        from meta in Directory.EnumerateFiles(Path.Combine(Root, "llamastack-live"), "meta.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        let folder = Path.GetRelativePath(Root, Path.GetDirectoryName(meta)!)
        from entry in JsonElement.Parse(File.ReadAllBytes(meta)).EnumerateObject()
        where entry.Value.TryGetProperty("path", out var path) && isPath(path.GetString()!.Split('?')[0])
        select new Exchange($"{folder}/{entry.Name}", entry.Value);

    /// <summary>Exchanges of the golden traces: what the official Python client sent, and the bytes of the answer.</summary>
    public static IEnumerable<(string Request, string? Response)> Golden(string path) =>
        from scenario in Directory.EnumerateFiles(Path.Combine(Root, "mlflow-golden"), "scenario.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
        let folder = Path.GetRelativePath(Root, Path.GetDirectoryName(scenario)!)
        let parsed = JsonElement.Parse(File.ReadAllBytes(scenario))
        where parsed.TryGetProperty("calls", out _)
        from call in parsed.GetProperty("calls").EnumerateArray()
        where call.TryGetProperty("path", out var called) && called.GetString() == path && call.TryGetProperty("request", out _)
        let status = call.TryGetProperty("status", out var number) ? number.GetInt32() : 0
        select ($"{folder}/{call.GetProperty("request").GetString()}",
            status == 200 && call.TryGetProperty("response", out var response) && response.ValueKind == JsonValueKind.String ? $"{folder}/{response.GetString()}" : null);

    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(Path.Combine(Root, folder), pattern).Select(file => Path.GetRelativePath(Root, file)).Order(StringComparer.Ordinal);

    public static byte[] Bytes(string file) => File.ReadAllBytes(Path.Combine(Root, file));

    public static JsonElement Json(string file) => JsonElement.Parse(Bytes(file));

    /// <summary>The JSON documents of an event stream, read with nothing but string functions.</summary>
    public static List<JsonElement> Frames(string file) =>
    [
        .. from line in File.ReadLines(Path.Combine(Root, file))
           where line.StartsWith("data:", StringComparison.Ordinal)
           let data = line["data:".Length..].Trim()
           where data != "[DONE]"
           select JsonElement.Parse(data),
    ];

    private static string FindRepository()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Extensions.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests run outside of the repository.");
        }

        return folder.FullName;
    }
}

/// <summary>A recorded exchange: <c>name</c> is the folder and the name of its files.</summary>
internal sealed record Exchange(string Name, JsonElement Meta)
{
    public int Status => Meta.GetProperty("status").GetInt32();

    public string Path => Meta.GetProperty("path").GetString()!;

    public bool IsPost => Meta.GetProperty("method").GetString() == "POST";

    public string? Request => Meta.TryGetProperty("request", out var file) ? $"{System.IO.Path.GetDirectoryName(Name)}/{file.GetString()}" : null;

    public string? Response => Meta.TryGetProperty("response", out var file) ? $"{System.IO.Path.GetDirectoryName(Name)}/{file.GetString()}" : null;
}
