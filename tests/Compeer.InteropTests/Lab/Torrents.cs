using System.Globalization;

namespace Compeer.InteropTests.Lab;

/// <summary>Torrents made and read by libtorrent.</summary>
public static class Torrents
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Makes a torrent; <paramref name="pads"/> aligns the files of a v1 torrent (v2 and hybrid always are).</summary>
    public static async Task<TorrentFacts> CreateAsync(LabHost host, TestContent content, string format, bool pads = false, int pieceBytes = 65536, params string[] trackers)
    {
        string path = Path.Combine(host.Network.Work, $"{content.Name}-{format}{(pads ? "-pads" : "")}-{host.Network.NextNumber()}.torrent");
        List<string> arguments = ["create", "--source", content.Path, "--out", path, "--format", format, "--piece-size", pieceBytes.ToString(CultureInfo.InvariantCulture)];
        if (pads)
            arguments.Add("--pads");
        foreach (string tracker in trackers)
            arguments.AddRange(["--tracker", tracker]);
        return await RunAsync(host, arguments);
    }

    /// <summary>Makes a torrent with a web seed.</summary>
    public static Task<TorrentFacts> CreateWithWebSeedAsync(LabHost host, TestContent content, string format, string webSeed) => RunAsync(host,
        ["create", "--source", content.Path, "--out", Path.Combine(host.Network.Work, $"{content.Name}-{format}-{host.Network.NextNumber()}.torrent"), "--format", format, "--piece-size", "65536", "--web-seed", webSeed]);

    /// <summary>What libtorrent makes of a torrent file that somebody else made.</summary>
    public static Task<TorrentFacts> ReadAsync(LabHost host, string path) => RunAsync(host, ["info", "--torrent", path]);

    private static async Task<TorrentFacts> RunAsync(LabHost host, List<string> arguments)
    {
        Prerequisites.Demand(Needs.Libtorrent);
        await using var process = new JsonProcess(host, LabProcess.Python, [LabFiles.Peer("libtorrent_peer.py"), .. arguments]);
        JsonEvent made = await process.WaitForAsync("torrent", Limit);
        await process.WaitForSuccessAsync(Limit);
        return TorrentFacts.From(made);
    }
}
