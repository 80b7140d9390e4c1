using Compeer.Examples;
using Compeer.Tests.Architecture;

namespace Compeer.Tests.Examples;

/// <summary>The examples do what they say, and the README shows what is run here.</summary>
public sealed class ExampleTests
{
    private const int MaxLines = 40;

    public static TheoryData<string, string> Examples => new()
    {
        { "embed", "hello\n" },
        { "echo", "Is anybody there?\n" },
        { "chat", "Ann heard \"Hello Ann\"\nAnn heard \"See you\"\n" },
        { "requests", "1 + 2 + 3 = 6\nThank you\n" },
        { "pubsub", "Bob says: Bob is back\n" },
        { "providers", "Something worth having\n" },
    };

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task Every_example_runs(string name, string expected)
    {
        var output = new StringWriter { NewLine = "\n" };
        await (name switch
        {
            "embed" => EmbedExample.RunAsync(output),
            "echo" => EchoExample.RunAsync(output),
            "chat" => ChatExample.RunAsync(output),
            "pubsub" => PubsubExample.RunAsync(output),
            "providers" => ProvidersExample.RunAsync(output),
            _ => RequestExample.RunAsync(output),
        }).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(expected, output.ToString());
    }

    [Fact]
    public void Examples_are_short()
    {
        foreach (string path in SourceTree.Files("examples").Where(p => p.EndsWith("Example.cs", StringComparison.Ordinal)))
            Assert.InRange(SourceTree.Read(path).Count(c => c == '\n'), 1, MaxLines);
    }

    [Fact]
    public void The_three_lines_of_the_README_are_lines_of_the_example()
    {
        string readme = SourceTree.Read("README.md");
        int section = readme.IndexOf("### Streams between peers", StringComparison.Ordinal);
        int start = readme.IndexOf("```csharp\n", section, StringComparison.Ordinal) + "```csharp\n".Length;
        string[] shown = readme[start..readme.IndexOf("\n```", start, StringComparison.Ordinal)].Split('\n');
        string[] run = [.. SourceTree.Read("examples/Compeer.Examples/EmbedExample.cs").Split('\n').Select(line => line.Trim())];
        Assert.Equal(3, shown.Length);
        Assert.All(shown, line => Assert.Contains(line, run));
    }
}
