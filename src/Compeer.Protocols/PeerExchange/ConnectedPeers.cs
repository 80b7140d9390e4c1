using System.Net;

namespace Compeer.Protocols.PeerExchange;

/// <summary>
/// The peers of one torrent that we are connected to and that can be dialled: what peer exchange may tell of. Shared by the
/// exchanges of that torrent, changed by its owner. Bounded by the number of connections.
/// </summary>
public sealed class ConnectedPeers
{
    private readonly Dictionary<IPEndPoint, PeerExchangeFlags> _peers = [];

    /// <summary>Changes with every peer that comes or goes.</summary>
    public long Version { get; private set; }

    /// <summary>How many there are.</summary>
    public int Count => _peers.Count;

    /// <summary>The peers, in no order.</summary>
    public IEnumerable<ExchangedPeer> All => _peers.Select(p => new ExchangedPeer(p.Key, p.Value));

    /// <summary>A connection is up, or more is known of it. An IPv6 link-local address means nothing to others and is left out.</summary>
    public void Set(IPEndPoint listening, PeerExchangeFlags flags)
    {
        if (listening.Address.IsIPv6LinkLocal)
            return;
        if (_peers.TryGetValue(listening, out PeerExchangeFlags before) && before == flags)
            return;
        _peers[listening] = flags;
        Version++;
    }

    /// <summary>The connection ended.</summary>
    public void Remove(IPEndPoint listening)
    {
        if (_peers.Remove(listening))
            Version++;
    }

    /// <summary>Whether we are connected to it.</summary>
    public bool Contains(IPEndPoint listening) => _peers.ContainsKey(listening);
}
