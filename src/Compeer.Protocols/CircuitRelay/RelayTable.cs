using System.Net;
using System.Runtime.InteropServices;
using Compeer.Formats.Multiformats;

namespace Compeer.Protocols.CircuitRelay;

/// <summary>
/// Who has a place at a relay, and whose circuits there are. Single-threaded; bounded by <see cref="RelayLimits"/>.
/// Spec: libp2p/specs relay/circuit-v2.md, "Hop Protocol".
/// </summary>
public sealed class RelayTable(RelayLimits limits)
{
    private const int PrefixBytesV6 = 7;

    private readonly Dictionary<PeerId, Place> _places = [];
    private readonly Dictionary<PeerId, int> _circuits = [];

    /// <summary>Peers that have a place, those included that expired since <see cref="TryReserve"/> was called last.</summary>
    public int ReservationCount => _places.Count;

    /// <summary>Circuits that are open.</summary>
    public int CircuitCount { get; private set; }

    /// <summary>Gives a place to a peer, or refreshes it.</summary>
    /// <param name="peer">Who asks.</param>
    /// <param name="from">From where it is connected.</param>
    /// <param name="isRelayed">It is connected through a relay itself: then never.</param>
    /// <param name="now">The time.</param>
    public CircuitStatus TryReserve(PeerId peer, IPAddress from, bool isRelayed, Instant now)
    {
        if (isRelayed)
            return CircuitStatus.PermissionDenied;
        foreach (PeerId expired in _places.Where(p => p.Value.Ends <= now).Select(p => p.Key).ToArray())
            _places.Remove(expired);
        IPAddress group = GroupOf(from);
        int others = _places.Count(p => p.Key != peer && p.Value.Group.Equals(group));
        if (others >= limits.MaxReservationsPerAddress || (!_places.ContainsKey(peer) && _places.Count >= limits.MaxReservations))
            return CircuitStatus.ReservationRefused;
        _places[peer] = new Place(group, now + limits.ReservationTime);
        return CircuitStatus.Ok;
    }

    /// <summary>Takes a peer's place away: it is not connected any more.</summary>
    public void Release(PeerId peer) => _places.Remove(peer);

    /// <summary>Opens a circuit, which is closed by <see cref="Close"/>.</summary>
    /// <param name="from">Who asks.</param>
    /// <param name="to">The other end; it needs a place.</param>
    /// <param name="isRelayed"><paramref name="from"/> is connected through a relay itself: then never.</param>
    /// <param name="now">The time.</param>
    public CircuitStatus TryOpen(PeerId from, PeerId to, bool isRelayed, Instant now)
    {
        if (isRelayed)
            return CircuitStatus.PermissionDenied;
        if (!_places.TryGetValue(to, out Place place) || place.Ends <= now)
            return CircuitStatus.NoReservation;
        if (_circuits.GetValueOrDefault(from) >= limits.MaxCircuitsPerPeer || _circuits.GetValueOrDefault(to) >= limits.MaxCircuitsPerPeer)
            return CircuitStatus.ResourceLimitExceeded;
        CollectionsMarshal.GetValueRefOrAddDefault(_circuits, from, out _)++;
        CollectionsMarshal.GetValueRefOrAddDefault(_circuits, to, out _)++;
        CircuitCount++;
        return CircuitStatus.Ok;
    }

    /// <summary>A circuit is over.</summary>
    public void Close(PeerId from, PeerId to)
    {
        CircuitCount--;
        Leave(from);
        Leave(to);
    }

    private void Leave(PeerId peer)
    {
        if (--_circuits[peer] == 0)
            _circuits.Remove(peer);
    }

    private static IPAddress GroupOf(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        if (bytes.Length > 4)
            bytes.AsSpan(PrefixBytesV6).Clear();
        return new IPAddress(bytes);
    }

    private readonly record struct Place(IPAddress Group, Instant Ends);
}
