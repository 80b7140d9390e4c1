using System.Globalization;
using System.Net;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Protocols.MessageStreamEncryption;

namespace Compeer.Benchmarks.Loopback;

/// <summary>
/// torrents seed|leech TORRENTS DIR BIND PORT forbid|require [PEER]...: one client with every torrent of a directory. Prints
/// "complete" when it has all; a leecher ends then, a seed runs until it is stopped. State goes to DIR.state.
/// </summary>
internal static class TorrentsCommand
{
    public const string Usage = "torrents seed|leech TORRENTS DIR BIND PORT forbid|require [PEER]...";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);

    public static async Task<int> RunAsync(string mode, string torrents, string directory, string bind, string port, string encryption, string[] peers)
    {
        using var time = new CancellationTokenSource(Limit);
        var options = new TorrentClientOptions
        {
            DataDirectory = directory + ".state",
            Bind = IPAddress.Parse(bind),
            Port = int.Parse(port, CultureInfo.InvariantCulture),
            LocalDiscovery = false,
            Encryption = encryption == "require" ? EncryptionPolicy.Require : EncryptionPolicy.Forbid,
        };
        await using var client = TorrentClient.Start(options);
        Torrent[] all = [.. Directory.EnumerateFiles(torrents).Order(StringComparer.Ordinal).Select(Read).Select(metainfo => client.Add(new()
        {
            InfoHashes = metainfo.InfoHashes,
            Metainfo = metainfo,
            Directory = directory,
            Peers = [.. peers.Select(IPEndPoint.Parse)],
        }))];
        await Task.WhenAll(all.Select(t => t.Completed)).WaitAsync(time.Token);
        Console.WriteLine("complete");
        if (mode == "seed")
            await Task.Delay(Limit, time.Token);
        return 0;
    }

    private static Metainfo Read(string file) =>
        Metainfo.TryParse(File.ReadAllBytes(file), new MetainfoLimits(), out Metainfo? metainfo, out string error) ? metainfo : throw new FormatException($"{file}: {error}");
}
