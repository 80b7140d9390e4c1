using System.Globalization;

namespace Compeer.InteropTests.Lab;

/// <summary>libtorrent as a foreign peer.</summary>
public sealed class LibtorrentPeer : JsonProcess
{
    private LibtorrentPeer(LabHost host, List<string> arguments) : base(host, Python, [LabFiles.Peer("libtorrent_peer.py"), .. arguments])
    {
    }

    /// <summary>Seeds what is in <paramref name="directory"/> without checking it first; returns when it listens.</summary>
    public static Task<LibtorrentPeer> SeedAsync(LabHost host, string torrent, string directory, LibtorrentOptions? options = null) =>
        StartAsync(host, ["seed", "--torrent", torrent, "--dir", directory], options ?? new());

    public static Task<LibtorrentPeer> LeechAsync(LabHost host, string torrent, string directory, LibtorrentOptions options) =>
        StartAsync(host, ["leech", "--torrent", torrent, "--dir", directory], options);

    public static Task<LibtorrentPeer> LeechMagnetAsync(LabHost host, string magnet, string directory, LibtorrentOptions options) =>
        StartAsync(host, ["magnet-leech", "--magnet", magnet, "--dir", directory], options);

    /// <summary>Waits until a leecher is complete; the clients it got bytes from ("Compeer 0.1.0").</summary>
    public async Task<IReadOnlyList<string>> CompleteAsync(TimeSpan timeout)
    {
        JsonEvent complete = await WaitForAsync("complete", timeout);
        return [.. complete.Values.GetProperty("peers").EnumerateArray().Where(peer => peer.GetProperty("down").GetInt64() > 0).Select(peer => peer.GetProperty("client").GetString() ?? "")];
    }

    /// <summary>Waits until it has seen a connection of its own that is "rc4", "handshake" (only that was encrypted) or "" (plain).</summary>
    public Task<JsonEvent> SeesEncryptionAsync(string expected, TimeSpan timeout) => WaitForAsync(
        e => e.Name is "peers" or "complete" && e.Values.GetProperty("peers").EnumerateArray().Any(peer => peer.GetProperty("encryption").GetString() == expected),
        $"connection with encryption '{expected}'", timeout);

    private static async Task<LibtorrentPeer> StartAsync(LabHost host, List<string> arguments, LibtorrentOptions options)
    {
        Prerequisites.Demand(Needs.Libtorrent);
        arguments.AddRange(["--bind", host.Address, "--port", Text(options.Port), "--limit-up", Text(options.LimitUp), "--limit-down", Text(options.LimitDown), "--encryption", options.Encryption, "--encryption-level", options.EncryptionLevel]);
        if (options.PreferRc4)
            arguments.Add("--prefer-rc4");
        if (options.DhtEntry is not null)
            arguments.AddRange(["--dht-entry", options.DhtEntry]);
        foreach (string peer in options.Connect)
            arguments.AddRange(["--connect", peer]);
        if (options.KeepSeeding)
            arguments.Add("--keep-seeding");
        var peerProcess = new LibtorrentPeer(host, arguments);
        await peerProcess.WaitForAsync("ready", TimeSpan.FromSeconds(20));
        return peerProcess;
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
