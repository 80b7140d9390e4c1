using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Compeer.BrowserTests.Lab;

/// <summary>libtorrent on loopback, as seed or leecher, with addresses of its own (127.0.0.2 and up).</summary>
public static class Swarm
{
    private static int _addresses = 1;

    private static string Script => Path.Combine(Repository.Root, "lab", "peers", "libtorrent_peer.py");

    /// <summary>A torrent of a file or folder, made by libtorrent.</summary>
    public static async Task<string> MakeTorrentAsync(string source, int pieceSize = 0)
    {
        string torrent = source + ".torrent";
        await using var maker = new ChildProcess(Programs.Python, [Script, "create", "--source", source, "--out", torrent, "--piece-size", Text(pieceSize)]);
        await maker.WaitForSuccessAsync();
        return torrent;
    }

    /// <summary>Seeds what lies beside the torrent; the link names the seed (x.pe). It tells peers that its program is called `client`.</summary>
    public static async Task<Seed> SeedAsync(string torrent, int limitUp = 0, string? client = null)
    {
        string address = $"127.0.0.{Text(1 + Interlocked.Increment(ref _addresses))}";
        int port = FreePort(address);
        var process = new ChildProcess(Programs.Python,
            [Script, "seed", "--torrent", torrent, "--dir", Path.GetDirectoryName(torrent)!, "--bind", address, "--port", Text(port), "--limit-up", Text(limitUp), "--dial-nobody", .. client is null ? (string[])[] : ["--client", client]]);
        await process.WaitForAsync("ready");
        await using var reader = new ChildProcess(Programs.Python, [Script, "info", "--torrent", torrent]);
        string magnet = (await reader.WaitForAsync("torrent")).GetProperty("magnet").GetString()!;
        return new Seed(process, $"{magnet}&x.pe={address}:{Text(port)}", $"{address}:{Text(port)}");
    }

    /// <summary>Seeds a folder at so many bytes per second, with something large beside what is in it: what is asked for has to be fetched out of turn.</summary>
    public static async Task<Seed> SlowSeedAsync(string folder, long limitUp)
    {
        await using (var large = File.Create(Path.Combine(folder, "extras.bin")))
            large.SetLength(32 << 20);
        return await SeedAsync(await MakeTorrentAsync(folder, 32768), (int)limitUp);
    }

    /// <summary>Fetches a torrent by its link and stays.</summary>
    public static async Task<ChildProcess> LeechAsync(string magnet, string folder, string peer)
    {
        string address = $"127.0.0.{Text(1 + Interlocked.Increment(ref _addresses))}";
        var process = new ChildProcess(Programs.Python,
            [Script, "magnet-leech", "--magnet", magnet, "--dir", folder, "--bind", address, "--port", Text(FreePort(address)), "--connect", peer, "--keep-seeding"]);
        await process.WaitForAsync("ready");
        return process;
    }

    private static int FreePort(string address)
    {
        using var listener = new TcpListener(IPAddress.Parse(address), 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A foreign seed and how to reach it.</summary>
public sealed class Seed(ChildProcess process, string magnet, string endPoint) : IAsyncDisposable
{
    public string Magnet { get; } = magnet;

    public string EndPoint { get; } = endPoint;

    public ValueTask DisposeAsync() => process.DisposeAsync();
}
