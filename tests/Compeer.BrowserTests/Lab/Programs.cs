using System.Diagnostics;

namespace Compeer.BrowserTests.Lab;

/// <summary>The programs that the tests stand on. A lack skips tests loudly, or fails them where COMPEER_REQUIRE_PEERS=1.</summary>
public static class Programs
{
    public const string Python = "/usr/bin/python3";

    private static readonly Lazy<string?> Missing = new(FindMissing);

    public static string Chromium => Find("chromium") ?? throw new LabException(Lack("chromium"));

    public static string Ffmpeg => Find("ffmpeg") ?? throw new LabException(Lack("ffmpeg"));

    public static string Npm => Find("npm") ?? throw new LabException(Lack("npm"));

    /// <summary>Why tests must be skipped here; null when they can run, or have to fail.</summary>
    public static string? SkipReason => AreRequired ? null : Missing.Value;

    /// <summary>Why the page cannot be built or scanned here; null when it can, or the test has to fail.</summary>
    public static string? PackagesSkipReason =>
        AreRequired || (Find("npm") is not null && Directory.Exists(Path.Combine(Repository.App, "node_modules", "axe-core")))
            ? null
            : "MISSING: the packages of the page (packages nodejs and npm, then 'npm ci' in src/Compeer.Node/Web/app)";

    /// <summary>What is missing fails tests, rather than skipping them.</summary>
    public static bool AreRequired => Environment.GetEnvironmentVariable("COMPEER_REQUIRE_PEERS") == "1";

    private static string? FindMissing()
    {
        string[] absent =
        [
            .. ((string[])["chromium", "ffmpeg"]).Where(program => Find(program) is null).Select(Lack),
            .. HasLibtorrent() ? (string[])[] : ["libtorrent for Python (package python3-libtorrent)"],
        ];
        return absent.Length == 0 ? null : "MISSING: " + string.Join("; ", absent);
    }

    private static string Lack(string program) => $"the program {program} (package {program})";

    private static string? Find(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Where(folder => folder.Length > 0).Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists);

    private static bool HasLibtorrent()
    {
        if (!File.Exists(Python))
            return false;
        var start = new ProcessStartInfo(Python) { RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("import libtorrent");
        using Process process = Process.Start(start)!;
        process.StandardError.ReadToEnd();
        return process.WaitForExit(TimeSpan.FromSeconds(20)) && process.ExitCode == 0;
    }
}
