using System.Net;
using Compeer.Network.Connections;
using Compeer.Network.Proxies;
using Compeer.Protocols;
using Compeer.Protocols.HolePunching;
using Compeer.Protocols.PeerWire;

namespace Compeer.Content.Torrents;

/// <summary>Reaches peers that cannot be dialled, with the help of peers that are connected to both sides, and helps others to do so.</summary>
internal sealed class Punches(TorrentSession session)
{
    /// <summary>A connection from an address that we punched towards so recently came through the hole.</summary>
    private static readonly TimeSpan HoleTime = TimeSpan.FromSeconds(15);

    private readonly HolePunching _machine = new(session.Services.Options.HolePunching);
    private readonly Dictionary<IPAddress, Instant> _holes = [];

    /// <summary>What is tried when nobody can introduce us, or an introduction does not help.</summary>
    public RelayedDials Relays { get; } = new(session);

    /// <summary>A private torrent's peers come from its trackers alone (BEP 27), so nobody else may name one. Behind a proxy nothing may leave past it.</summary>
    private bool IsAllowed => session.Metainfo is not { IsPrivate: true } && session.Services.Policy.AllowsDirect(TrafficClass.HolePunching);

    /// <summary>What the peer says of itself is known.</summary>
    public void OnExtensions(PeerLink link)
    {
        // A connection that comes from the port the peer listens at shows the mapping that others must dial.
        bool fromListenPort = link.Way.Path != PeerPath.Tcp || link.Way.Punched || link.ListenEndPoint is null;
        _machine.OnPeer(link.Slot, new HolePunchPeer(
            link.EndPoint, link.ListenEndPoint, fromListenPort ? link.EndPoint : link.ListenEndPoint!, link.Connection.Local, link.Wire.Remote.HolePunch != 0, link.Wire.Remote.Relayed), session.Now);
        Pump();
    }

    public void OnGone(PeerLink link) => _machine.OnPeerGone(link.Slot);

    /// <summary>A peer named another, so it may know the way to it.</summary>
    public void OnNamed(PeerLink by, IPEndPoint peer) => _machine.OnIntroduced(by.Slot, peer);

    /// <summary>A peer does not answer our dial: asks to be introduced.</summary>
    public void OnUnreachable(IPEndPoint peer)
    {
        if (!IsAllowed || session.Peers.IsConnectedTo(peer))
            return;
        _machine.Ask(peer, session.Now);
        Pump();
    }

    public void On(PeerLink link, HolePunchMessage message)
    {
        if (!IsAllowed)
            return;
        _machine.Receive(link.Slot, message, session.Now);
        Pump();
    }

    public void OnTick()
    {
        if (session.Now >= _machine.NextDeadline)
            _machine.OnDeadline(session.Now);
        foreach ((IPAddress address, Instant until) in _holes)
        {
            if (until < session.Now)
                _holes.Remove(address);
        }
        Pump();
        Relays.OnTick();
    }

    /// <summary>Whether a connection from <paramref name="remote"/> comes because we were introduced; its port may be one that its NAT chose.</summary>
    public bool IsHole(IPEndPoint remote) => _holes.ContainsKey(remote.Address);

    private void Pump()
    {
        while (_machine.TryTakeMessage(out int to, out HolePunchMessage message))
        {
            if (!session.Links.TryGetValue(to, out PeerLink? link))
                continue;
            // Over uTP our earlier packets have opened our own NAT already, so the other side may come before we are told to dial.
            if (message.Type == HolePunchMessageType.Rendezvous)
                _holes[message.EndPoint.Address] = session.Now + HoleTime;
            link.Wire.SendHolePunch(message);
            session.MarkDirty(link);
        }
        while (_machine.TryTakeEvent(out HolePunchEvent? happened))
        {
            if (happened is PunchNow punch)
                Begin(punch);
        }
    }

    private void Begin(PunchNow punch)
    {
        IPEndPoint remote = punch.EndPoint;
        if (session.Peers.IsConnectedTo(remote) || session.Book.IsBanned(remote.Address, session.Now) || session.Links.Count >= session.Services.Options.MaxConnections)
            return;
        _holes[remote.Address] = session.Now + HoleTime;
        Relays.OnUnreachable(punch.Target);
        if (!punch.Target.Address.Equals(remote.Address))
            Relays.OnUnreachable(remote);
        var ours = new Handshake(session.OurBits, session.InfoHashes.Truncated, session.Services.PeerId);
        session.RunAside(token => session.Services.Puncher.PunchAsync(
            remote, session.Services.ListenPort, ours, (stream, theirs) => session.Post(new PeerArrived(stream, theirs, punch.Target, Punched: true)), token));
    }
}
