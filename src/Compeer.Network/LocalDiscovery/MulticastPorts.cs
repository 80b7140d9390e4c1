using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;

namespace Compeer.Network.LocalDiscovery;

/// <summary>
/// The sockets by which a multicast group is reached on every interface of this machine, IPv4 and IPv6. Interfaces come and go, so they are looked
/// at again now and then. Not thread-safe; <paramref name="heard"/> is called on any thread. At most 32 sockets.
/// </summary>
/// <param name="bind">The local address to keep to, or null for all; with one of loopback nothing leaves the machine.</param>
/// <param name="groupV4">The group over IPv4.</param>
/// <param name="groupV6">The group over IPv6.</param>
/// <param name="heard">Told of what comes from the group.</param>
internal sealed class MulticastPorts(IPAddress? bind, IPEndPoint groupV4, IPEndPoint groupV6, Action<IPEndPoint, ReadOnlyMemory<byte>> heard) : IDisposable
{
    private const int MaxPorts = 32;

    private readonly Dictionary<MulticastPlace, MulticastPort> _ports = [];

    /// <summary>Sockets open now: one an interface and address family.</summary>
    public int Count => _ports.Count;

    /// <summary>Opens what is new and closes what is gone; true when something is new.</summary>
    /// <param name="scope">Owns the tasks that listen.</param>
    public bool Scan(TaskScope scope)
    {
        HashSet<MulticastPlace> places = MulticastPlace.Find(bind);
        foreach (MulticastPlace gone in _ports.Keys.Where(p => !places.Contains(p)).ToArray())
        {
            _ports.Remove(gone, out MulticastPort? port);
            port!.Dispose();
        }
        bool isNew = false;
        foreach (MulticastPlace place in places.Where(p => !_ports.ContainsKey(p)))
        {
            if (_ports.Count >= MaxPorts || MulticastPort.TryOpen(place, IsV6(place) ? groupV6 : groupV4) is not { } port)
                continue;
            _ports[place] = port;
            scope.TryRun(token => port.ListenAsync(heard, token));
            isNew = true;
        }
        return isNew;
    }

    /// <summary>Sends to the group on each interface what is made for it; null for nothing.</summary>
    public void Send(Func<MulticastPlace, byte[]?> datagramFor)
    {
        foreach ((MulticastPlace place, MulticastPort port) in _ports)
        {
            if (datagramFor(place) is { } datagram)
                port.Send(datagram);
        }
    }

    /// <summary>Sends what the system has refused so far.</summary>
    public void SendRefused()
    {
        foreach (MulticastPort port in _ports.Values)
            port.SendRefused();
    }

    public void Dispose()
    {
        foreach (MulticastPort port in _ports.Values)
            port.Dispose();
        _ports.Clear();
    }

    private static bool IsV6(MulticastPlace place) => place.Address.AddressFamily == AddressFamily.InterNetworkV6;
}
