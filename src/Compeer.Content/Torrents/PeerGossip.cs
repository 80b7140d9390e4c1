using System.Buffers;
using Compeer.Network.Connections;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.PeerExchange;

namespace Compeer.Content.Torrents;

/// <summary>Peer exchange of a torrent: tells each peer whom else we are connected to, and hears the same. Spec: BEP 11; silent in private torrents (BEP 27).</summary>
internal sealed class PeerGossip(TorrentSession session)
{
    private readonly ConnectedPeers _connected = new();
    private readonly ArrayBufferWriter<byte> _scratch = new(1024);

    /// <summary>A connection is up.</summary>
    public void OnArrived(PeerLink link)
    {
        if (session.IsPrivate)
            return;
        link.Exchange = new PeerExchangeSession(session.Services.Options.PeerExchange, _connected, link.Address, session.Now);
        Know(link);
    }

    /// <summary>Its extension handshake says where it listens and what it can; the first message goes at once.</summary>
    public void OnExtensions(PeerLink link)
    {
        Know(link);
        Flush(link);
    }

    public void OnMessage(PeerLink link, ReadOnlySpan<byte> payload)
    {
        if (link.Exchange is not { } exchange)
            return;
        exchange.Receive(payload, session.Now);
        while (exchange.TryTakeEvent(out IReadOnlyList<ExchangedPeer>? named))
        {
            foreach (ExchangedPeer peer in named)
            {
                session.Punches.OnNamed(link, peer.EndPoint);
                session.Book.Add(peer.EndPoint, PeerSource.PeerExchange, session.Now, link.Address, peer.Flags.HasFlag(PeerExchangeFlags.Seed));
            }
        }
        if (exchange.Closed is { } reason)
            Peers.Drop(link, reason);
    }

    public void OnGone(PeerLink link)
    {
        if (link.ListenEndPoint is { } endpoint && session.Links.Values.All(l => !endpoint.Equals(l.ListenEndPoint)))
            _connected.Remove(endpoint);
    }

    /// <summary>Sends what is new, if a minute is over.</summary>
    public void Flush(PeerLink link)
    {
        if (link.Exchange is not { } exchange || link.IsClosed || link.Wire.Remote.PeerExchange == 0)
            return;
        _scratch.ResetWrittenCount();
        if (!exchange.TryTransmit(_scratch, session.Now))
            return;
        link.Wire.SendPeerExchange(_scratch.WrittenSpan);
        session.MarkDirty(link);
    }

    /// <summary>The torrent turned out to be private.</summary>
    public void Stop()
    {
        foreach (PeerLink link in session.Links.Values)
        {
            link.Exchange = null;
            link.Wire.WithdrawPeerExchange();
            session.MarkDirty(link);
        }
    }

    private void Know(PeerLink link)
    {
        if (link.Exchange is null || link.ListenEndPoint is not { } endpoint)
            return;
        link.Exchange.RemoteListens = endpoint;
        _connected.Set(endpoint, Describe(link));
    }

    private static PeerExchangeFlags Describe(PeerLink link) =>
        (link.Connection.IsEncrypted ? PeerExchangeFlags.PrefersEncryption : 0)
        | (link.Wire.Remote.IsUploadOnly || link.Wire.RemotePieces?.IsComplete == true ? PeerExchangeFlags.Seed : 0)
        | (link.Connection.Path == PeerPath.Utp ? PeerExchangeFlags.SupportsUtp : 0)
        | (link.Wire.Remote.HolePunch != 0 ? PeerExchangeFlags.SupportsHolePunch : 0)
        | (link.IsIncoming || link.Way.Punched ? 0 : PeerExchangeFlags.Reachable);
}
