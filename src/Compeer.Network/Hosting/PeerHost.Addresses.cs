using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Protocols;

namespace Compeer.Network.Hosting;

public sealed partial class PeerHost
{
    private const int MaxObserved = 8;

    private static readonly TimeSpan AddressesHold = TimeSpan.FromSeconds(2);

    private readonly Dictionary<object, IReadOnlyList<Multiaddr>> _announced = [];
    private HostReachability _reachability;
    private IReadOnlyList<IPAddress> _machineAddresses = [];
    private Instant _lookAgainAt;

    /// <summary>Told on any thread when <see cref="Reachability"/> is another; returns soon.</summary>
    public event Action<HostReachability>? ReachabilityChanged;

    /// <summary>Whether strangers can dial this host, as others have tried; unknown unless an <see cref="AutoNat.AutoNatService"/> runs.</summary>
    public HostReachability Reachability
    {
        get
        {
            lock (_lock)
                return _reachability;
        }

        internal set
        {
            lock (_lock)
            {
                if (_reachability == value)
                    return;
                _reachability = value;
            }
            ReachabilityChanged?.Invoke(value);
        }
    }

    /// <summary>Where it can be dialled, as far as this machine knows, and what was announced beside; without the peer id.</summary>
    public IReadOnlyList<Multiaddr> Addresses
    {
        get
        {
            lock (_lock)
                return [.. ListeningAddresses().Concat(_announced.Values.SelectMany(a => a)).Distinct()];
        }
    }

    /// <summary>The addresses that <see cref="Announce"/> was given.</summary>
    public IReadOnlyList<Multiaddr> Announced
    {
        get
        {
            lock (_lock)
                return [.. _announced.Values.SelectMany(a => a).Distinct()];
        }
    }

    /// <summary>
    /// Under which addresses peers that are connected directly see a port at which this host listens. None is checked: behind most NATs
    /// they lead here only for those who were dialled first.
    /// </summary>
    public IReadOnlyList<Multiaddr> Observed
    {
        get
        {
            HashSet<int> ports;
            lock (_lock)
                ports = [.. _listening.Where(l => !l.IsWebSocket).Select(l => l.Bound.Port)];
            return
            [
                .. Connections
                    .Where(c => c.Path != ConnectionPath.Relayed && c.LocalAddress.TryGetTcp(out IPEndPoint? local) && ports.Contains(local.Port))
                    .Select(c => c.Remote?.ObservedAddress?.WithoutPeer())
                    .OfType<Multiaddr>()
                    .Where(a => TcpTransport.TryGetEndPoint(a, out _))
                    .Distinct()
                    .Take(MaxObserved),
            ];
        }
    }

    /// <summary>Tells peers that this host is reached at these addresses too, in place of those that the same owner announced before; none takes them back.</summary>
    public void Announce(object owner, IReadOnlyList<Multiaddr> addresses)
    {
        lock (_lock)
        {
            if (_announced.GetValueOrDefault(owner, []).SequenceEqual(addresses))
                return;
            if (addresses.Count > 0)
                _announced[owner] = [.. addresses];
            else
                _announced.Remove(owner);
        }
        _scope.TryRun(PushAsync);
    }

    private IEnumerable<Multiaddr> ListeningAddresses() => _listening.SelectMany(l => AddressesOf(l.Bound).Select(a => With(a, l.Suffix)));

    private IEnumerable<IPEndPoint> AddressesOf(IPEndPoint bound) =>
        bound.Address.Equals(IPAddress.Any) || bound.Address.Equals(IPAddress.IPv6Any)
            ? MachineAddresses()
                .Where(a => bound.Address.Equals(IPAddress.IPv6Any) || a.AddressFamily == AddressFamily.InterNetwork)
                .Where(a => !a.IsIPv6LinkLocal)
                .Select(a => new IPEndPoint(a, bound.Port))
            : [bound];

    /// <summary>Overlays name our addresses in many messages, and to ask the system takes a millisecond. Under the lock.</summary>
    private IReadOnlyList<IPAddress> MachineAddresses()
    {
        if (MonotonicClock.Now >= _lookAgainAt)
            (_machineAddresses, _lookAgainAt) = (LocalAddresses.All(), MonotonicClock.Now + AddressesHold);
        return _machineAddresses;
    }
}
