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

    private static async Task<LibtorrentPeer> StartAsync(LabHost host, List<string> arguments, LibtorrentOptions options)
    {
        Prerequisites.Demand(Needs.Libtorrent);
        arguments.AddRange(["--bind", host.Address, "--port", Text(options.Port), "--limit-up", Text(options.LimitUp), "--limit-down", Text(options.LimitDown), "--encryption", options.Encryption]);
        if (options.DhtEntry is not null)
            arguments.AddRange(["--dht-entry", options.DhtEntry]);
        foreach (string peer in options.Connect)
            arguments.AddRange(["--connect", peer]);
        if (options.UtpOnly)
            arguments.Add("--utp-only");
        if (options.KeepSeeding)
            arguments.Add("--keep-seeding");
        var peerProcess = new LibtorrentPeer(host, arguments);
        await peerProcess.WaitForAsync("ready", TimeSpan.FromSeconds(20));
        return peerProcess;
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}
