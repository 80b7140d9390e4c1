using System.Runtime.CompilerServices;

namespace Compeer.BrowserTests.Lab;

/// <summary>Where things are in the repository.</summary>
public static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string App => Path.Combine(Root, "src", "Compeer.Node", "Web", "app");

    public static string Assets => Path.Combine(Root, "src", "Compeer.Node", "Web", "assets");

    /// <summary>The built program, or the one that COMPEER_BIN names.</summary>
    public static string Program
    {
        get
        {
            if (Environment.GetEnvironmentVariable("COMPEER_BIN") is { Length: > 0 } chosen)
                return chosen;
            string[] candidates = [.. ((string[])["release", "debug"]).Select(kind => Path.Combine(Artifacts, "bin", "Compeer.Cli", kind, "compeer"))];
            return candidates.FirstOrDefault(File.Exists) ?? throw new LabException($"The program is not built; looked for {string.Join(", ", candidates)}.");
        }
    }

    public static string Artifacts => Path.Combine(Root, "artifacts");

    /// <summary>Where a screenshot of this name is kept.</summary>
    public static string Screenshot(string name)
    {
        string folder = Path.Combine(Artifacts, "screenshots");
        Directory.CreateDirectory(folder);
        return Path.Combine(folder, name + ".png");
    }

    private static string FindRoot([CallerFilePath] string here = "")
    {
        string? folder = Path.GetDirectoryName(here);
        while (folder is not null && !File.Exists(Path.Combine(folder, "Compeer.slnx")))
            folder = Path.GetDirectoryName(folder);
        return folder ?? throw new LabException("The tests run outside the repository.");
    }
}
