using System.Net;
using Compeer.Network.Transports;
using Compeer.Network.Turn;
using Compeer.Protocols;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.Trackers;

namespace Compeer.Content.Torrents;

/// <summary>
/// Reaches peers through our port at a relay when nothing else led to them: lets them come to it, tells the others where it is,
/// and dials from it those that direct dials and introductions have not reached.
/// </summary>
internal sealed class RelayedDials(TorrentSession session)
{
    /// <summary>What a direct dial and an introduction may take before the relay is tried.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private const int MaxWaiting = 64;

    private readonly Dictionary<IPEndPoint, Instant> _waiting = [];
    private IPEndPoint? _told;

    /// <summary>Where others reach us through the relay; null while there is no such port.</summary>
    public IPEndPoint? Relayed => session.Services.Relay?.Status.Relayed;

    /// <summary>Our own address as the relay sees it; null while there is none.</summary>
    public IPAddress? OwnAddress => session.Services.Relay?.Status.OwnAddress;

    /// <summary>A peer does not answer our dial, or is about to be introduced: it may come through the relay, and is dialled from there if it does not come otherwise.</summary>
    public void OnUnreachable(IPEndPoint peer)
    {
        if (session.Services.Relay is not { } relay || Relayed is not { } relayed || session.Book.IsBanned(peer.Address, session.Now))
            return;
        // What is local to us or to the peer is nothing where the relay is.
        if (peer.AddressFamily != relayed.AddressFamily || AddressReaches.Of(peer.Address) < AddressReaches.Of(relayed.Address))
            return;
        relay.Welcome(peer.Address);
        if (_waiting.Count < MaxWaiting)
            _waiting.TryAdd(peer, session.Now + Patience);
    }

    public void OnTick()
    {
        if (!Equals(_told, Relayed))
            TellAll();
        foreach ((IPEndPoint peer, Instant due) in _waiting)
        {
            if (session.Now < due)
                continue;
            _waiting.Remove(peer);
            if (!session.Peers.IsConnectedTo(peer) && session.Links.Count < session.Services.Options.MaxConnections && session.Services.Relay is { } relay)
                Begin(relay, peer);
        }
    }

    private void Begin(RelayService relay, IPEndPoint peer)
    {
        var ours = new Handshake(session.OurBits, session.InfoHashes.Truncated, session.Services.PeerId);
        session.RunAside(async token =>
        {
            DialResult result = await session.Services.Dialer.DialAsync(limit => relay.ConnectAsync(peer, limit), ours, token);
            if (result.Stream is { } stream)
                session.Post(new PeerArrived(stream, result.Remote, peer));
        });
    }

    /// <summary>The port came, or is another one now.</summary>
    private void TellAll()
    {
        _told = Relayed;
        if (_told is null)
            return;
        foreach (PeerLink link in session.Links.Values)
        {
            session.Peers.SendExtensions(link);
            session.MarkDirty(link);
        }
    }
}
