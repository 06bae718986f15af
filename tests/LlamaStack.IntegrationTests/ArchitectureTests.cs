using System.Reflection;
using System.Text.RegularExpressions;
using LlamaStack.TestSupport;

namespace LlamaStack.IntegrationTests;

/// <summary>Is the house still this shape?</summary>
public sealed partial class ArchitectureTests
{
    private static readonly string _checkout = new DirectoryInfo(Fixtures.Root).Parent!.Parent!.FullName;
    private static readonly string[] _packages = ["LlamaStack.AspNetCore", "LlamaStack.Client", "LlamaStack.Instrumentation", "LlamaStack.Mlflow", "LlamaStack.SemanticKernel", "LlamaStack.Testing"];

    public static TheoryData<string> Packages() => [.. _packages];

    [Theory]
    [InlineData("LlamaStack.Client")]
    [InlineData("LlamaStack.Instrumentation")]
    [InlineData("LlamaStack.Testing")]
    [InlineData("LlamaStack.Mlflow", "LlamaStack.Client", "LlamaStack.Instrumentation")]
    [InlineData("LlamaStack.AspNetCore", "LlamaStack.Client", "LlamaStack.Instrumentation", "LlamaStack.Mlflow")]
    [InlineData("LlamaStack.SemanticKernel", "LlamaStack.Client", "LlamaStack.Instrumentation")]
    public void References_follow_the_diagram(string project, params string[] allowed)
    {
        var used = Assembly.Load(project).GetReferencedAssemblies().Select(reference => reference.Name!);

        Assert.Empty(used.Where(name => name.StartsWith("LlamaStack.", StringComparison.Ordinal)).Except(allowed));
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void What_is_public_is_sealed_unless_it_is_made_to_be_inherited(string project)
    {
        var open = Assembly.Load(project).GetExportedTypes().Where(type => type is { IsClass: true, IsSealed: false, IsAbstract: false });

        Assert.Empty(open);
    }

    [Theory]
    [MemberData(nameof(Packages))]
    public void Asynchronous_methods_say_so(string project)
    {
        var methods = Assembly.Load(project).GetExportedTypes()
            .Where(type => !typeof(Delegate).IsAssignableFrom(type))
            .SelectMany(type => type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly))
            .Where(method => !method.IsSpecialName && (typeof(Task).IsAssignableFrom(method.ReturnType) || method.ReturnType == typeof(ValueTask)));

        Assert.Empty(methods.Where(method => !method.Name.EndsWith("Async", StringComparison.Ordinal)).Select(method => $"{method.DeclaringType}.{method.Name}"));
    }

    [Fact]
    public void Names_of_conventions_stand_in_their_own_files()
    {
        var stray =
            from project in _packages.Except(["LlamaStack.Testing"])
            from file in Directory.EnumerateFiles(Path.Combine(_checkout, "src", project), "*.cs", SearchOption.AllDirectories)
            where !Path.GetFileName(file).EndsWith("Attributes.cs", StringComparison.Ordinal) || Path.GetFileName(file) == "SpanAttributes.cs"
            from line in File.ReadLines(file)
            where ConventionName().IsMatch(line) && !line.TrimStart().StartsWith("//", StringComparison.Ordinal)
            select $"{Path.GetRelativePath(_checkout, file)}: {line.Trim()}";

        Assert.Empty(stray);
    }

    [Fact]
    public void Every_event_id_is_used_once_and_in_its_projects_thousand()
    {
        var ids = _packages.SelectMany(project => Directory.EnumerateFiles(Path.Combine(_checkout, "src", project), "Log.cs", SearchOption.AllDirectories))
            .SelectMany(file => EventId().Matches(File.ReadAllText(file)).Select(match => (Project: file, Id: int.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture))))
            .ToList();

        Assert.NotEmpty(ids);
        Assert.Equal(ids.Count, ids.Select(id => id.Id).Distinct().Count());
        Assert.All(ids.GroupBy(id => id.Project), project => Assert.Single(project.Select(id => id.Id / 1000).Distinct()));
    }

    [Fact]
    public void The_code_of_the_README_is_code_that_compiles()
    {
        var code = Directory.EnumerateFiles(Path.Combine(_checkout, "samples"), "*.cs", SearchOption.AllDirectories)
            .Append(Path.Combine(_checkout, "tests", "LlamaStack.IntegrationTests", "ReadmeCode.cs"))
            .SelectMany(File.ReadLines)
            .Select(line => line.Trim())
            .ToHashSet();
        var shown = CodeBlock().Matches(File.ReadAllText(Path.Combine(_checkout, "README.md")))
            .SelectMany(match => match.Groups[1].Value.Split('\n'))
            .Select(line => line.Split("//")[0].Trim())
            .Where(line => line.Length > 0)
            .ToList();

        Assert.NotEmpty(shown);
        Assert.Empty(shown.Except(code));
    }

    [GeneratedRegex("\"(gen_ai|mlflow)\\.")]
    private static partial Regex ConventionName();

    [GeneratedRegex(@"EventId = (\d+)")]
    private static partial Regex EventId();

    [GeneratedRegex("```csharp\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex CodeBlock();
}
