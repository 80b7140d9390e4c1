using System.Globalization;

namespace Compeer.InteropTests.Lab;

/// <summary>aria2 as a foreign peer. It knows v1 only (of a hybrid it drops the empty keys and computes a wrong info-hash), and cannot be told a peer's address: it needs a tracker.</summary>
public sealed class AriaPeer : LabProcess
{
    private static readonly string[] Common =
    [
        "--no-conf=true", "--enable-dht6=false", "--bt-enable-lpd=false", "--enable-peer-exchange=false", "--disable-ipv6=true", "--file-allocation=none",
        "--console-log-level=warn", "--summary-interval=0", "--download-result=full", "--bt-tracker-interval=2", "--bt-stop-timeout=120",
    ];

    private AriaPeer(LabHost host, IEnumerable<string> arguments) : base(host, Prerequisites.PathOf("aria2c"), [.. Common, .. arguments])
    {
    }

    /// <summary>Seeds what is in <paramref name="directory"/>, unchecked; returns when its port answers.</summary>
    public static async Task<AriaPeer> SeedAsync(LabHost host, string torrent, string directory, int port, string? dhtEntry = null, bool requireEncryption = false)
    {
        Prerequisites.Demand(Needs.Aria2);
        var seed = new AriaPeer(host, [.. Listen(host, port, dhtEntry), .. Encryption(requireEncryption), "--seed-ratio=0", "--bt-seed-unverified=true", "-d", directory, torrent]);
        await Ports.WaitUntilOpenAsync(seed, port);
        return seed;
    }

    /// <summary>Downloads <paramref name="source"/> (a torrent file or a magnet link) and ends.</summary>
    public static AriaPeer Leech(LabHost host, string source, string directory, int port, string? dhtEntry = null, bool requireEncryption = false)
    {
        Prerequisites.Demand(Needs.Aria2);
        return new AriaPeer(host, [.. Listen(host, port, dhtEntry), .. Encryption(requireEncryption), "--seed-time=0", "-d", directory, source]);
    }

    /// <summary>RC4 or nothing, in both directions.</summary>
    private static string[] Encryption(bool required) => required ? ["--bt-require-crypto=true", "--bt-min-crypto-level=arc4"] : [];

    private static string[] Listen(LabHost host, int port, string? dhtEntry)
    {
        string listen = string.Create(CultureInfo.InvariantCulture, $"--listen-port={port}");
        // Its routing table would outlive the test in the home directory.
        string table = "--dht-file-path=" + Path.Combine(host.Network.NewDirectory($"aria{host.Network.NextNumber()}"), "dht.dat");
        return dhtEntry is null
            ? [listen, "--enable-dht=false"]
            : [listen, "--enable-dht=true", "--dht-entry-point=" + dhtEntry, string.Create(CultureInfo.InvariantCulture, $"--dht-listen-port={port}"), table];
    }
}
