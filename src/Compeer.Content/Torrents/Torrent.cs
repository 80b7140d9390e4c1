using System.Net;
using System.Threading.Channels;
using Compeer.Formats.Torrents;
using Compeer.Network;
using Compeer.Protocols.Connecting;

namespace Compeer.Content.Torrents;

/// <summary>A running torrent, seen from outside its loop. Thread-safe.</summary>
public sealed class Torrent : IAsyncDisposable
{
    private readonly TorrentSession _session;

    internal Torrent(TorrentSession session) => _session = session;

    /// <summary>The torrent's ids.</summary>
    public InfoHashes InfoHashes => _session.InfoHashes;

    /// <summary>The newest snapshot.</summary>
    public TorrentStatus Status => _session.Status;

    /// <summary>What happens, oldest first; at most 1,000 unread, the oldest dropped.</summary>
    public ChannelReader<TorrentEvent> Events => _session.Events;

    /// <summary>Completes when every wanted piece is verified and on the disk.</summary>
    public Task Completed => _session.Completed;

    /// <summary>Completes with the metainfo when it is known.</summary>
    public Task<Metainfo> MetainfoKnown => _session.MetainfoKnown;

    /// <summary>Names peers to dial.</summary>
    public void AddPeers(IReadOnlyList<IPEndPoint> peers) => _session.Post(new PeersFound(peers, PeerSource.User));

    /// <summary>Saves, says goodbye to trackers and peers, and ends; at most about two seconds.</summary>
    public ValueTask DisposeAsync() => _session.DisposeAsync();
}
