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

    /// <summary>The remote addresses with which it has moved bytes, each with whether that was over uTP.</summary>
    public IReadOnlyList<(string Address, bool IsUtp)> Paths =>
        [.. Events.LastOrDefault(e => e.Name is "peers" or "complete")?.Values.GetProperty("peers").EnumerateArray()
            .Where(peer => peer.GetProperty("down").GetInt64() + peer.GetProperty("up").GetInt64() > 0)
            .Select(peer => (peer.GetProperty("address").GetString()!, peer.GetProperty("utp").GetBoolean())) ?? []];

    /// <summary>Waits until it is connected with a peer at <paramref name="address"/>; with <paramref name="source"/> ("pex", "lsd") only if that told it.</summary>
    public Task<JsonEvent> WaitForPeerAsync(string address, TimeSpan timeout, string? source = null) => WaitForAsync(
        e => e.Name == "peers" && e.Values.GetProperty("peers").EnumerateArray().Any(peer =>
            peer.GetProperty("address").GetString()!.StartsWith(address + ":", StringComparison.Ordinal)
            && (source is null || peer.GetProperty("sources").EnumerateArray().Any(s => s.GetString() == source))),
        $"a connection with {address}{(source is null ? "" : " that comes from " + source)}", timeout);

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
        if (options.UtpOnly)
            arguments.Add("--utp-only");
        if (options.DialsNobody)
            arguments.Add("--dial-nobody");
        if (options.KeepSeeding)
            arguments.Add("--keep-seeding");
        if (!options.PeerExchange)
            arguments.Add("--no-pex");
        if (options.LocalDiscovery)
            arguments.Add("--lsd");
        var peerProcess = new LibtorrentPeer(host, arguments);
        await peerProcess.WaitForAsync("ready", TimeSpan.FromSeconds(20));
        return peerProcess;
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
