using System.Net;
using Compeer.Content.Creation;
using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;

namespace Compeer.Tests.Sessions;

/// <summary>Torrents and clients on loopback for one test.</summary>
internal sealed class TestSwarm : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly List<TorrentClient> _clients = [];

    public TestFolder Folder { get; } = new();

    public static Task<Metainfo> CreateAsync(string path, TorrentFormat format = TorrentFormat.Hybrid, int pieceLength = 32 * 1024) =>
        CreateAsync(path, format, pieceLength, isPrivate: false);

    public static Task<Metainfo> CreatePrivateAsync(string path) => CreateAsync(path, TorrentFormat.Hybrid, 32 * 1024, isPrivate: true);

    private static async Task<Metainfo> CreateAsync(string path, TorrentFormat format, int pieceLength, bool isPrivate)
    {
        ShareFiles files = ShareFiles.Scan(path);
        var builder = new MetainfoBuilder(files.Name, files.Files, files.IsSingleFile, format, pieceLength) { IsPrivate = isPrivate };
        return await TorrentCreator.HashAsync(files, builder, null, CancellationToken.None);
    }

    public TorrentClient Start(string name, Func<TorrentClientOptions, TorrentClientOptions>? configure = null)
    {
        var options = new TorrentClientOptions { DataDirectory = Folder[name + "-state"], Bind = IPAddress.Loopback, LocalDiscovery = false };
        TorrentClient client = TorrentClient.Start(configure?.Invoke(options) ?? options);
        _clients.Add(client);
        return client;
    }

    public static Torrent Add(TorrentClient client, Metainfo metainfo, string directory, params TorrentClient[] peers) => client.Add(new TorrentSettings
    {
        Directory = directory,
        InfoHashes = metainfo.InfoHashes,
        Metainfo = metainfo,
        Peers = [.. peers.Select(p => p.LocalEndPoint)],
    });

    public static Task UntilCompleteAsync(Torrent torrent) => torrent.Completed.WaitAsync(Patience);

    /// <summary>Waits for a state, which must come.</summary>
    public static async Task UntilAsync(Torrent torrent, Func<TorrentStatus, bool> condition)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!condition(torrent.Status))
            await Task.Delay(20, deadline.Token);
    }

    public async Task StopAsync(TorrentClient client)
    {
        _clients.Remove(client);
        await client.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (TorrentClient client in _clients)
            await client.DisposeAsync();
        Folder.Dispose();
    }
}
