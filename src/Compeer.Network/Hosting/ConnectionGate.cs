using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;

namespace Compeer.Network.Hosting;

/// <summary>Counts connections against their limits. Thread-safe.</summary>
internal sealed class ConnectionGate(ConnectionLimits limits)
{
    private const int PrefixBitsV6 = 56;

    private readonly Lock _lock = new();
    private readonly List<HostConnection> _all = [];
    private readonly HashSet<PeerId> _protected = [];

    /// <summary>A connection from that address may begin.</summary>
    public bool MayAccept(IPAddress from)
    {
        lock (_lock)
            return MayDial(from) && _all.Count < limits.MaxConnections && CountOf(PrefixOf(from)) < limits.MaxPerPrefix;
    }

    /// <summary>That address may be dialled.</summary>
    public bool MayDial(IPAddress to) => (limits.Allowed.Count == 0 || limits.Allowed.Any(n => n.Contains(to))) && !limits.Denied.Any(n => n.Contains(to));

    /// <summary>Names that a proxy looks up may be dialled: nobody here sees in which network they are.</summary>
    public bool MayDialNames => limits.Allowed.Count == 0;

    /// <summary>Counts a secured connection; false when a limit forbids it.</summary>
    public bool TryAdd(HostConnection connection)
    {
        lock (_lock)
        {
            if (_all.Count >= limits.MaxConnections || limits.DeniedPeers.Contains(connection.RemotePeer) || _all.Count(c => c.RemotePeer == connection.RemotePeer) >= limits.MaxPerPeer)
                return false;
            _all.Add(connection);
            return true;
        }
    }

    public void Remove(HostConnection connection)
    {
        lock (_lock)
            _all.Remove(connection);
    }

    /// <summary>Keeps a peer's connections when others are closed for want of room, or no more.</summary>
    public void Protect(PeerId peer, bool isProtected)
    {
        lock (_lock)
        {
            if (isProtected)
                _protected.Add(peer);
            else
                _protected.Remove(peer);
        }
    }

    /// <summary>Connections to be closed because there are too many: those without streams, the oldest first.</summary>
    public IReadOnlyList<HostConnection> Surplus()
    {
        lock (_lock)
        {
            return _all.Count <= limits.HighWater
                ? []
                : [.. _all.Where(c => !_protected.Contains(c.RemotePeer) && c.StreamCount == 0).Take(_all.Count - limits.LowWater)];
        }
    }

    private int CountOf(IPNetwork prefix) =>
        _all.Count(c => c.IsIncoming && c.RemoteAddress.TryGetTcp(out IPEndPoint? remote) && prefix.Contains(remote.Address));

    /// <summary>What counts as one place: an IPv4 address, or an IPv6 prefix.</summary>
    public static IPNetwork PrefixOf(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork)
            return new IPNetwork(address, 32);
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(PrefixBitsV6 / 8).Clear();
        return new IPNetwork(new IPAddress(bytes), PrefixBitsV6);
    }
}
