using Compeer.Formats.Multiformats;

namespace Compeer.Protocols.Dialling;

/// <summary>
/// Where peers may be dialled. An address that failed rests, each time twice as long, unless all of a peer's addresses rest: then it is
/// up to the caller to wait. Single-threaded. At most <see cref="MaxPeers"/> peers with <see cref="MaxAddresses"/> addresses each; the
/// peer that was touched longest ago gives way.
/// </summary>
public sealed class AddressBook
{
    /// <summary>Peers.</summary>
    public const int MaxPeers = 4096;

    /// <summary>Addresses of one peer.</summary>
    public const int MaxAddresses = 32;

    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestRest = TimeSpan.FromMinutes(10);

    private readonly Dictionary<PeerId, List<Entry>> _peers = [];
    private readonly Dictionary<PeerId, Instant> _touched = [];

    /// <summary>Adds addresses; those that the peer has already keep their history, and what is too much is left out.</summary>
    public void Add(PeerId peer, IEnumerable<Multiaddr> addresses, Instant now)
    {
        if (!_peers.TryGetValue(peer, out List<Entry>? entries))
        {
            MakeRoom();
            _peers[peer] = entries = [];
        }
        _touched[peer] = now;
        foreach (Multiaddr address in addresses)
        {
            if (address.PeerId is { } named && named != peer && !address.Contains(MultiaddrProtocol.Circuit))
                continue;
            Multiaddr plain = PlainOf(address, peer);
            if (entries.Count < MaxAddresses && !entries.Exists(e => e.Address.Equals(plain)))
                entries.Add(new Entry(plain));
        }
    }

    /// <summary>The addresses of a peer that do not rest now, without the peer's name at their end.</summary>
    public IReadOnlyList<Multiaddr> AddressesOf(PeerId peer, Instant now) =>
        _peers.TryGetValue(peer, out List<Entry>? entries) ? [.. entries.Where(e => e.RestsUntil <= now).Select(e => e.Address)] : [];

    /// <summary>All addresses of a peer, those that rest too.</summary>
    public IReadOnlyList<Multiaddr> AddressesOf(PeerId peer) =>
        _peers.TryGetValue(peer, out List<Entry>? entries) ? [.. entries.Select(e => e.Address)] : [];

    /// <summary>Some address of the peer is known, though it may rest.</summary>
    public bool Knows(PeerId peer) => _peers.GetValueOrDefault(peer) is { Count: > 0 };

    /// <summary>Notes how a dial ended.</summary>
    public void Note(PeerId peer, Multiaddr address, bool succeeded, Instant now)
    {
        Multiaddr plain = PlainOf(address, peer);
        if (_peers.GetValueOrDefault(peer)?.Find(e => e.Address.Equals(plain)) is not { } entry)
            return;
        _touched[peer] = now;
        entry.Failures = succeeded ? 0 : entry.Failures + 1;
        TimeSpan rest = FirstRest * Math.Pow(2, Math.Min(entry.Failures - 1, 10));
        entry.RestsUntil = succeeded ? Instant.Zero : now + (rest < LongestRest ? rest : LongestRest);
    }

    private static Multiaddr PlainOf(Multiaddr address, PeerId peer) => address.PeerId == peer ? address.WithoutPeer() ?? address : address;

    private void MakeRoom()
    {
        if (_peers.Count < MaxPeers)
            return;
        PeerId oldest = _touched.MinBy(t => t.Value).Key;
        _peers.Remove(oldest);
        _touched.Remove(oldest);
    }

    private sealed class Entry(Multiaddr address)
    {
        public Multiaddr Address { get; } = address;

        public int Failures { get; set; }

        public Instant RestsUntil { get; set; }
    }
}
