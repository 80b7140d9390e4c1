using Compeer.Content.Storage;
using Compeer.Protocols;
using Compeer.Protocols.Connecting;

namespace Compeer.Content.Torrents;

/// <summary>
/// The peers that worked, kept from run to run in the torrent's folder: tried at the next start before any tracker answers.
/// Of a private torrent only those are kept that its tracker named; nothing is kept before it is known whether it is private.
/// </summary>
internal sealed class PeerMemory(TorrentSession session)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);

    private byte[]? _saved;
    private Instant _next = session.Now + First;

    /// <summary>Puts the kept peers into the book.</summary>
    public void Load()
    {
        if (session.Folder.LoadPeers() is not { } kept)
            return;
        _saved = kept;
        foreach (RememberedPeer peer in RememberedPeers.Decode(kept))
            session.Book.Add(peer.EndPoint, PeerSource.Remembered | (peer.Sources & PeerSource.Tracker), session.Now);
    }

    /// <summary>Once a minute: saves, on a disk thread, when there is something new. A kill loses no more than that minute.</summary>
    public void OnTick()
    {
        if (session.Now < _next || Encode() is not { } fresh)
            return;
        _next = session.Now + Interval;
        TorrentFolder folder = session.Folder;
        session.Services.Disk.TryEnqueue(() => folder.SavePeers(fresh));
    }

    /// <summary>The torrent ends or falls asleep: saves while the connections still count.</summary>
    public void Save()
    {
        if (Encode() is { } fresh)
            session.Folder.SavePeers(fresh);
    }

    private byte[]? Encode()
    {
        if (session.Metainfo is not { } metainfo || session.KnownPeers == 0)
            return null;
        IReadOnlyList<RememberedPeer> worked = session.Book.Worked(RememberedPeers.Max);
        if (metainfo.IsPrivate)
            worked = [.. worked.Where(p => p.Sources.HasFlag(PeerSource.Tracker))];
        byte[] fresh = RememberedPeers.Encode(worked);
        // A run that reached nobody says nothing about the peers of the last one.
        if (worked.Count == 0 || fresh.AsSpan().SequenceEqual(_saved ??= session.Folder.LoadPeers() ?? []))
            return null;
        return _saved = fresh;
    }
}
