namespace Compeer.Tests;

/// <summary>Lines of a file of published vectors: fields separated by one space, '#' begins a comment.</summary>
internal static class VectorLines
{
    public static IEnumerable<string[]> Read(string folder, string name)
    {
        string[][] lines = [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "vectors", folder, name))
            .Where(line => line.Length > 0 && line[0] != '#').Select(line => line.Split(' '))];
        Assert.NotEmpty(lines);
        return lines;
    }
}
