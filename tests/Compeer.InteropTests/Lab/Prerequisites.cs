using System.Diagnostics;

namespace Compeer.InteropTests.Lab;

/// <summary>Finds out once what this machine has; a lack skips tests loudly, or fails them where COMPEER_REQUIRE_PEERS=1.</summary>
public static class Prerequisites
{
    private static readonly string[] Directories = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/local/sbin", "/usr/sbin", "/sbin"];

    private static readonly Lazy<IReadOnlyDictionary<Needs, string>> Absent = new(FindAbsent);

    /// <summary>True where a missing program is a failure instead of a skipped test.</summary>
    public static bool AreRequired => Environment.GetEnvironmentVariable("COMPEER_REQUIRE_PEERS") == "1";

    /// <summary>Why a test with these needs must be skipped here; null when it can run, or has to fail.</summary>
    public static string? SkipReason(Needs needs) => AreRequired ? null : Lack(needs);

    /// <summary>Throws, naming what is missing and where to get it.</summary>
    public static void Demand(Needs needs)
    {
        if (Lack(needs) is { } lack)
            throw new LabException(lack);
    }

    /// <summary>The full path of a program. Throws where it is not installed.</summary>
    public static string PathOf(string program) => Find(program) ?? throw new LabException($"The program '{program}' is not installed.");

    private static string? Lack(Needs needs)
    {
        string[] reasons = [.. Absent.Value.Where(entry => (needs & entry.Key) != 0).Select(entry => entry.Value)];
        return reasons.Length == 0 ? null : "MISSING: " + string.Join("; ", reasons);
    }

    private static Dictionary<Needs, string> FindAbsent()
    {
        var absent = new Dictionary<Needs, string>();
        if (!Environment.IsPrivilegedProcess)
            absent[Needs.Network] = "network namespaces need root";
        else if (Find("ip") is null || Find("tc") is null || Find("setsid") is null)
            absent[Needs.Network] = "the programs ip, tc and setsid (packages iproute2 and util-linux)";
        if (!File.Exists(LabProcess.Python))
            absent[Needs.Python] = $"{LabProcess.Python} (package python3)";
        if (!HasLibtorrent())
            absent[Needs.Libtorrent] = "libtorrent for Python (package python3-libtorrent)";
        if (Find("aria2c") is null)
            absent[Needs.Aria2] = "aria2c (package aria2)";
        if (Find("transmission-daemon") is null)
            absent[Needs.Transmission] = "transmission-daemon (package transmission-daemon)";
        if (Find("transmission-remote") is null)
            absent[Needs.TransmissionRemote] = "transmission-remote (package transmission-cli)";
        if (Find("opentracker") is null)
            absent[Needs.OpenTracker] = "opentracker (package opentracker)";
        if (Find("node") is null || !Directory.Exists(Path.Combine(LabFiles.Repository, "lab", "peers", "js", "node_modules", "libp2p")))
            absent[Needs.NodePackages] = "bittorrent-dht and libp2p from npm (packages nodejs and npm, then 'npm ci' in lab/peers/js)";
        if (Find("nginx") is null)
            absent[Needs.Nginx] = "nginx (package nginx-light)";
        if (new[] { "microsocks", "danted", "tinyproxy", "nft" }.Any(program => Find(program) is null))
            absent[Needs.Proxies] = "microsocks, danted, tinyproxy and nft (packages microsocks, dante-server, tinyproxy-bin and nftables)";
        if (Find("turnserver") is null || Find("turnutils_uclient") is null)
            absent[Needs.Coturn] = "turnserver and turnutils_uclient (package coturn)";
        if (Find("nft") is null || Find("sysctl") is null)
            absent[Needs.Masquerade] = "nft and sysctl (packages nftables and procps)";
        if (Find("miniupnpd") is null || Find("nft") is null || Find("sysctl") is null)
            absent[Needs.Miniupnpd] = "miniupnpd, nft and sysctl (packages miniupnpd-nftables, nftables and procps)";
        return absent;
    }

    private static string? Find(string program) =>
        Directories.Where(directory => directory.Length > 0).Select(directory => Path.Combine(directory, program)).FirstOrDefault(File.Exists);

    private static bool HasLibtorrent()
    {
        if (!File.Exists(LabProcess.Python))
            return false;
        var start = new ProcessStartInfo(LabProcess.Python) { RedirectStandardError = true };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("import libtorrent");
        using Process process = Process.Start(start)!;
        process.StandardError.ReadToEnd();
        return process.WaitForExit(TimeSpan.FromSeconds(20)) && process.ExitCode == 0;
    }
}
