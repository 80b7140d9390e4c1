using Xunit.Abstractions;

namespace Compeer.BrowserTests.Lab;

/// <summary>Measured times. They are printed and kept as an artefact of the run, and decide nothing: a loaded machine is no fault.</summary>
public static class Figures
{
    private static readonly Lock Writing = new();

    public static void Print(ITestOutputHelper output, string figure)
    {
        output.WriteLine(figure);
        lock (Writing)
            File.AppendAllText(Path.Combine(Repository.Artifacts, "page-figures.txt"), $"{DateTime.UtcNow:u} {figure}\n");
    }
}
