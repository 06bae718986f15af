using System.IO.Compression;
using System.Reflection.Metadata;
using System.Text;
using System.Xml.Linq;
using LlamaStack.TestSupport;

namespace LlamaStack.Interop.Tests;

/// <summary>What is in the packages, and that an application outside this house can be built from them.</summary>
[Trait("Category", Drill.Category)]
public sealed class PackageTests(PackedPackages packages)
{
    private const string Program = """
        using LlamaStack.Client;
        using LlamaStack.Testing;
        using Microsoft.Extensions.AI;
        using Microsoft.Extensions.DependencyInjection;
        using Microsoft.SemanticKernel;
        using OpenTelemetry.Trace;

        await using var models = await LlamaStackTestServer.StartAsync();
        await using var mlflow = await MlflowTestServer.StartAsync();
        var builder = WebApplication.CreateBuilder(args);
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddLlamaStack(options => options.Endpoint = models.Endpoint)
            .WithMlflowTracing(options => options.TrackingUri = mlflow.Endpoint)
            .WithSemanticKernel();
        await using var app = builder.Build();
        app.UseLlamaStackTracing();
        app.MapGet("/ask", async (IChatClient chat) => (await chat.GetResponseAsync("What does a telescope do?")).Text);
        await app.StartAsync();
        using var http = new HttpClient { BaseAddress = new Uri(app.Urls.First()) };
        await http.GetStringAsync("/ask");
        await app.Services.GetRequiredService<Kernel>().InvokePromptAsync("And a microscope?");
        app.Services.GetRequiredService<TracerProvider>().ForceFlush(30_000);
        foreach (var trace in mlflow.Traces)
        {
            Console.WriteLine($"{trace.Name} {trace.State} {trace.RequestPreview} {trace.Spans.Count} spans {trace.TokenUsage.Count} numbers of tokens");
        }
        """;

    /// <summary>The kind under which the format of symbols keeps it.</summary>
    private static readonly Guid _sourceLink = new("CC110556-A091-4D38-9FEC-25AB9A351A6A");

    public static TheoryData<string> Names => [.. PackedPackages.Names];

    [Theory(Skip = Drill.Skipped, SkipUnless = nameof(Drill.IsWanted), SkipType = typeof(Drill))]
    [MemberData(nameof(Names))]
    public async Task A_package_holds_what_it_should_and_nothing_else(string name)
    {
        await packages.PackedAsync();
        using var package = ZipFile.OpenRead(Path.Combine(packages.Feed, $"{name}.{packages.Version}.nupkg"));
        string[] expected = [$"{name}.nuspec", "README.md", "icon.png", $"lib/net10.0/{name}.dll", $"lib/net10.0/{name}.xml"];
        Assert.Equal(expected.Order(), package.Entries.Select(entry => entry.FullName).Where(entry => !IsOfTheFormat(entry)).Order());

        var nuspec = XDocument.Parse(Text(package, $"{name}.nuspec")).Root!.Elements().Single();
        XElement? Find(string element) => nuspec.Elements().SingleOrDefault(found => found.Name.LocalName == element);
        Assert.Equal(("Apache-2.0", "README.md", "icon.png"), (Find("license")!.Value, Find("readme")!.Value, Find("icon")!.Value));
        Assert.False(string.IsNullOrWhiteSpace(Find("description")!.Value));
        Assert.Matches("^[0-9a-f]{40}$", (string?)Find("repository")!.Attribute("commit"));
        Assert.StartsWith($"# {name}\n", Text(package, "README.md").ReplaceLineEndings("\n"), StringComparison.Ordinal);
        Assert.Contains($"<name>{name}</name>", Text(package, $"lib/net10.0/{name}.xml"), StringComparison.Ordinal);

        var project = XDocument.Load(Path.Combine(PackedPackages.Checkout, "src", name, $"{name}.csproj"));
        var dependencies = nuspec.Descendants().Where(found => found.Name.LocalName == "dependency").ToDictionary(found => (string)found.Attribute("id")!, found => (string)found.Attribute("version")!);
        Assert.All(project.Descendants("ProjectReference"), reference => Assert.Equal(packages.Version, dependencies[Path.GetFileNameWithoutExtension((string)reference.Attribute("Include")!)]));
        var shipped = Shipped();
        Assert.All(project.Descendants("PackageReference"), reference => Assert.Contains((string)reference.Attribute("Include")!, dependencies.Keys));
        Assert.All(dependencies.Where(dependency => !PackedPackages.Names.Contains(dependency.Key)), dependency => Assert.Equal(shipped.GetValueOrDefault(dependency.Key), dependency.Value));
    }

    [Theory(Skip = Drill.Skipped, SkipUnless = nameof(Drill.IsWanted), SkipType = typeof(Drill))]
    [MemberData(nameof(Names))]
    public async Task Its_symbols_lie_beside_it_and_name_no_folder_of_the_machine(string name)
    {
        await packages.PackedAsync();
        using var package = ZipFile.OpenRead(Path.Combine(packages.Feed, $"{name}.{packages.Version}.nupkg"));
        using var symbols = ZipFile.OpenRead(Path.Combine(packages.Feed, $"{name}.{packages.Version}.snupkg"));
        var (assembly, pdb) = (Bytes(package, $"lib/net10.0/{name}.dll"), Bytes(symbols, $"lib/net10.0/{name}.pdb"));
        using var reader = MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(pdb));
        var metadata = reader.GetMetadataReader();
        var documents = metadata.Documents.Select(document => metadata.GetString(metadata.GetDocument(document).Name)).ToList();

        Assert.NotEmpty(documents);
        Assert.All(documents, document => Assert.StartsWith("/_", document, StringComparison.Ordinal));
        Assert.DoesNotContain(PackedPackages.Checkout, Encoding.UTF8.GetString(assembly), StringComparison.Ordinal);
        Assert.DoesNotContain(PackedPackages.Checkout, Encoding.UTF8.GetString(pdb), StringComparison.Ordinal);
    }

    [Fact(Skip = Drill.Skipped, SkipUnless = nameof(Drill.IsWanted), SkipType = typeof(Drill))]
    public async Task Built_again_it_is_the_same_to_the_byte()
    {
        const string Name = "LlamaStack.Client";
        await packages.PackedAsync();
        using var package = ZipFile.OpenRead(Path.Combine(packages.Feed, $"{Name}.{packages.Version}.nupkg"));
        await packages.BuildAsync(PackedPackages.Checkout, "build", Name, "--no-incremental");

        var built = await File.ReadAllBytesAsync(Path.Combine(PackedPackages.Checkout, "artifacts", "bin", Name, "release", $"{Name}.dll"), TestContext.Current.CancellationToken);
        Assert.True(built.AsSpan().SequenceEqual(Bytes(package, $"lib/net10.0/{Name}.dll")));
    }

    /// <summary>Of a checkout that has an address: a debugger finds the sources of just this commit there.</summary>
    [Fact(Skip = Drill.Skipped, SkipUnless = nameof(Drill.IsWanted), SkipType = typeof(Drill))]
    public async Task It_says_where_its_sources_are()
    {
        const string Name = "LlamaStack.Client";
        var (clone, feed) = (Path.Combine(packages.Folder, "clone"), Path.Combine(packages.Folder, "linked"));
        await PackedPackages.RunAsync("git", PackedPackages.Checkout, "clone", "--quiet", "--no-hardlinks", PackedPackages.Checkout, clone);
        await PackedPackages.RunAsync("git", clone, "remote", "set-url", "origin", "https://github.com/somebody/somewhere.git");
        var commit = (await PackedPackages.RunAsync("git", clone, "rev-parse", "HEAD")).Trim();
        await packages.BuildAsync(clone, "pack", Name, "-o", feed);

        using var package = ZipFile.OpenRead(Path.Combine(feed, $"{Name}.{packages.Version}.nupkg"));
        using var symbols = ZipFile.OpenRead(Path.Combine(feed, $"{Name}.{packages.Version}.snupkg"));
        using var provider = MetadataReaderProvider.FromPortablePdbStream(new MemoryStream(Bytes(symbols, $"lib/net10.0/{Name}.pdb")));
        var reader = provider.GetMetadataReader();
        var link = reader.CustomDebugInformation.Select(reader.GetCustomDebugInformation).Single(found => reader.GetGuid(found.Kind) == _sourceLink);
        Assert.Contains($"https://raw.githubusercontent.com/somebody/somewhere/{commit}/*", Encoding.UTF8.GetString(reader.GetBlobBytes(link.Value)), StringComparison.Ordinal);
        var repository = XDocument.Parse(Text(package, $"{Name}.nuspec")).Descendants().Single(found => found.Name.LocalName == "repository");
        Assert.Equal(("https://github.com/somebody/somewhere.git", commit), ((string?)repository.Attribute("url"), (string?)repository.Attribute("commit")));
    }

    [Fact(Skip = Drill.Skipped, SkipUnless = nameof(Drill.IsWanted), SkipType = typeof(Drill))]
    public async Task An_application_is_built_from_them_and_its_traces_arrive()
    {
        await packages.PackedAsync();
        var folder = Directory.CreateDirectory(Path.Combine(packages.Folder, "consumer")).FullName;
        var references = PackedPackages.Names.Select(name => $"<PackageReference Include=\"{name}\" Version=\"{packages.Version}\" />");
        await File.WriteAllTextAsync(Path.Combine(folder, "Program.cs"), Program, TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(Path.Combine(folder, "Consumer.csproj"), $"""
            <Project Sdk="Microsoft.NET.Sdk.Web">
              <PropertyGroup><TargetFramework>net10.0</TargetFramework><ImplicitUsings>enable</ImplicitUsings><TreatWarningsAsErrors>true</TreatWarningsAsErrors></PropertyGroup>
              <ItemGroup>{string.Concat(references)}</ItemGroup>
            </Project>
            """, TestContext.Current.CancellationToken);

        await File.WriteAllTextAsync(Path.Combine(folder, "nuget.config"), $"""
            <configuration><packageSources><add key="packed" value="{packages.Feed}" /></packageSources></configuration>
            """, TestContext.Current.CancellationToken);
        try
        {
            var output = await PackedPackages.DotnetAsync(folder, "run", "-c", "Release");
            Assert.Contains("GET /ask OK What does a telescope do? 2 spans 4 numbers of tokens", output, StringComparison.Ordinal);
            Assert.Contains("prompt OK And a microscope? 2 spans 4 numbers of tokens", output, StringComparison.Ordinal);
        }
        finally
        {
            foreach (var restored in PackedPackages.Names.Select(name => Path.Combine(GlobalPackages, name.ToLowerInvariant(), packages.Version)).Where(Directory.Exists))
            {
                Directory.Delete(restored, recursive: true);
            }
        }
    }

    private static string GlobalPackages => Environment.GetEnvironmentVariable("NUGET_PACKAGES")
        ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");

    /// <summary>The versions that Directory.Packages.props lets out of the house.</summary>
    private static Dictionary<string, string> Shipped() => XDocument.Load(Path.Combine(PackedPackages.Checkout, "Directory.Packages.props")).Descendants("ItemGroup")
        .Single(group => (string?)group.Attribute("Label") == "shipped").Elements()
        .ToDictionary(version => (string)version.Attribute("Include")!, version => (string)version.Attribute("Version")!);

    /// <summary>What every package has, for the format's own sake.</summary>
    private static bool IsOfTheFormat(string entry) =>
        entry.StartsWith("_rels/", StringComparison.Ordinal) || entry.StartsWith("package/", StringComparison.Ordinal) || entry == "[Content_Types].xml";

    private static byte[] Bytes(ZipArchive archive, string entry)
    {
        using var stream = archive.GetEntry(entry)!.Open();
        var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private static string Text(ZipArchive archive, string entry) => Encoding.UTF8.GetString(Bytes(archive, entry)).TrimStart('\uFEFF');
}
