using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Compeer.Tests.Architecture;

/// <summary>The rules of ARCHITECTURE.md that a compiler does not enforce.</summary>
public sealed partial class HouseRules
{
    /// <summary>From the bottom up: a project may refer to those before it, never to itself or those behind it.</summary>
    private static readonly string[] Layers = ["Compeer.Formats", "Compeer.Protocols", "Compeer.Simulator", "Compeer.Network", "Compeer.Content", "Compeer.Node", "Compeer.Cli"];

    private static readonly string[] Pure = ["Compeer.Formats", "Compeer.Protocols"];

    private const int MaxLines = 500;

    [Fact]
    public void Projects_refer_only_downwards()
    {
        foreach (string project in Layers)
        {
            var file = XDocument.Load(Path.Combine(SourceTree.Root, "src", project, project + ".csproj"));
            foreach (XElement reference in file.Descendants("ProjectReference"))
            {
                string target = Path.GetFileNameWithoutExtension(reference.Attribute("Include")!.Value.Replace('\\', '/'));
                Assert.True(Array.IndexOf(Layers, target) >= 0, $"{project} refers to {target}, which is no project of the house");
                Assert.True(Array.IndexOf(Layers, target) < Array.IndexOf(Layers, project), $"{project} refers upwards to {target}");
            }
        }
    }

    /// <summary>Decision 10: the simulator is for tests and for 'compeer lab'; nothing that ships as a node may lean on it.</summary>
    [Fact]
    public void Only_the_lab_command_knows_the_simulator()
    {
        foreach (string project in Layers.Except(["Compeer.Simulator", "Compeer.Cli"]))
            Assert.DoesNotContain("Compeer.Simulator", SourceTree.Read(Path.Combine("src", project, project + ".csproj")), StringComparison.Ordinal);
        foreach (string path in SourceTree.Files("src").Where(p => !p.StartsWith("src/Compeer.Simulator/", StringComparison.Ordinal)))
        {
            if (path != "src/Compeer.Cli/Commands/LabCommand.cs")
                Assert.DoesNotContain("Compeer.Simulator", SourceTree.Read(path), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_project_of_the_house_is_known_here() =>
        Assert.Equal(Layers.Order(), Directory.EnumerateDirectories(Path.Combine(SourceTree.Root, "src")).Select(Path.GetFileName).Order());

    [Fact]
    public void Pure_projects_take_no_packages_and_switch_the_banned_symbols_on()
    {
        foreach (string project in Pure)
        {
            var file = XDocument.Load(Path.Combine(SourceTree.Root, "src", project, project + ".csproj"));
            Assert.Empty(file.Descendants("PackageReference"));
            Assert.Empty(file.Descendants("FrameworkReference"));
            Assert.Equal("true", file.Descendants("CompeerPure").Single().Value);
        }
    }

    [Theory]
    [InlineData("Socket")]
    [InlineData("HttpClient")]
    [InlineData("FileStream")]
    [InlineData("Task.Delay")]
    [InlineData("Task.Run")]
    [InlineData("async Task")]
    [InlineData("DateTime.UtcNow")]
    [InlineData("Stopwatch")]
    [InlineData("Random.Shared")]
    [InlineData("RandomNumberGenerator")]
    [InlineData("ILogger")]
    [InlineData("Console.")]
    public void Pure_projects_touch_no(string name)
    {
        var word = new Regex($@"(?<![\w.]){Regex.Escape(name)}(?!\w)");
        foreach (string path in SourceTree.Files("src/Compeer.Formats", "src/Compeer.Protocols"))
        {
            string code = Comments().Replace(SourceTree.Read(path), "");
            Assert.False(word.IsMatch(code), $"{path} touches {name}");
        }
    }

    [Fact]
    public void Files_are_short_enough_to_read()
    {
        foreach (string path in SourceTree.Files("src", "tests"))
        {
            int lines = SourceTree.Read(path).Count(c => c == '\n');
            Assert.True(lines <= MaxLines, $"{path} has {lines} lines; past {MaxLines} it holds more than one idea");
        }
    }

    [Fact]
    public void Namespaces_are_folders()
    {
        foreach (string path in SourceTree.Files("src"))
        {
            Match declared = Namespace().Match(SourceTree.Read(path));
            if (!declared.Success)
                continue;
            string folder = Path.GetDirectoryName(path)!["src/".Length..].Replace('/', '.');
            Assert.Equal(folder, declared.Groups[1].Value);
        }
    }

    [Fact]
    public void A_TODO_gives_its_reason()
    {
        foreach (string path in SourceTree.Files("src", "tests"))
        {
            if (!path.EndsWith("HouseRules.cs", StringComparison.Ordinal))
                Assert.False(BareTodo().IsMatch(SourceTree.Read(path)), $"{path} has a TODO without a reason: write TODO(why)");
        }
    }

    [Fact]
    public void Nothing_is_unfinished()
    {
        foreach (string path in SourceTree.Files("src"))
            Assert.DoesNotContain("NotImplementedException", SourceTree.Read(path), StringComparison.Ordinal);
    }

    [Fact]
    public void No_task_is_started_and_forgotten()
    {
        foreach (string path in SourceTree.Files("src"))
        {
            string code = SourceTree.Read(path);
            Assert.False(Regex.IsMatch(code, @"\basync void\b"), $"{path} has an async void");
            Assert.False(Regex.IsMatch(code, @"^\s*_ = \w+Async\(", RegexOptions.Multiline), $"{path} forgets a task");
        }
    }

    [GeneratedRegex(@"//.*?$|""(\\.|[^""\\])*""", RegexOptions.Multiline)]
    private static partial Regex Comments();

    [GeneratedRegex(@"^namespace ([\w.]+);", RegexOptions.Multiline)]
    private static partial Regex Namespace();

    [GeneratedRegex(@"\bTODO\b(?!\()")]
    private static partial Regex BareTodo();
}
