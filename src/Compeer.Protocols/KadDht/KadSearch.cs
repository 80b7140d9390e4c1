using Compeer.Formats.Multiformats;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.KadDht;

/// <summary>One search: what is asked, of whom, and what was found. Single-threaded.</summary>
internal sealed class KadSearch(long id, KadMessage question, KademliaLookup<Key256, KadContact> lookup)
{
    private const int MaxTold = 1024;

    private readonly Dictionary<PeerId, IReadOnlyList<Multiaddr>> _told = [];
    private readonly Dictionary<PeerId, ReadOnlyMemory<byte>> _answers = [];
    private readonly Dictionary<PeerId, KadPeer> _providers = [];

    public long Id { get; } = id;

    public KadMessage Question { get; } = question;

    public KademliaLookup<Key256, KadContact> Lookup { get; } = lookup;

    /// <summary>The peer that is looked for.</summary>
    public PeerId Peer { get; init; }

    /// <summary>Valid values, or providers, after which it is over; 0 for no such number.</summary>
    public int Wanted { get; init; }

    /// <summary>What the nearest are told at the end.</summary>
    public KadMessage? Store { get; init; }

    /// <summary>A value of another author is given on, of which we are a holder ourselves.</summary>
    public bool IsReplication => Store is { Type: KadMessageType.PutValue, Record.TimeToLive: not null };

    /// <summary>So many peers nearer than we are have been asked to hold the value that it is theirs to look after.</summary>
    public bool IsHandedOver { get; set; }

    /// <summary>The nearest are being told.</summary>
    public bool IsStoring { get; set; }

    /// <summary>Of those who are told, how many have not said whether they took it.</summary>
    public int Outstanding { get; set; }

    public int Stored { get; set; }

    /// <summary>The best value so far.</summary>
    public ReadOnlyMemory<byte>? Best { get; private set; }

    public int ProviderCount => _providers.Count;

    /// <summary>As much was found as was wanted.</summary>
    public bool IsSatisfied => Wanted > 0 && Math.Max(_answers.Count, _providers.Count) >= Wanted;

    /// <summary>Where others say that a peer is.</summary>
    public IReadOnlyList<Multiaddr> AddressesOf(PeerId peer) => _told.GetValueOrDefault(peer) ?? [];

    /// <summary>Notes where somebody says that a peer is; of several who do, what each says is kept, up to a bound.</summary>
    public void Note(KadPeer peer)
    {
        if (_told.TryGetValue(peer.Id, out IReadOnlyList<Multiaddr>? known))
            _told[peer.Id] = [.. known.Union(peer.Addresses).Take(KadMessage.MaxAddresses)];
        else if (_told.Count < MaxTold)
            _told[peer.Id] = peer.Addresses;
    }

    /// <summary>A peer answered with a valid value.</summary>
    public void OnValue(PeerId from, ReadOnlyMemory<byte> value, RecordRules rules)
    {
        _answers[from] = value;
        if (Best is not { } best || rules.Compare(Question.Key.Span, value.Span, best.Span) > 0)
            Best = value;
    }

    /// <summary>Those of the peers that were not found before, and are wanted.</summary>
    public IReadOnlyList<KadPeer> OnProviders(IEnumerable<KadPeer> peers)
    {
        var added = new List<KadPeer>();
        foreach (KadPeer peer in peers)
        {
            if (!IsSatisfied && _providers.TryAdd(peer.Id, peer))
                added.Add(peer);
        }
        return added;
    }

    /// <summary>Who should have the best value and does not: those with a worse one, and the nearest without any.</summary>
    public IEnumerable<PeerId> Lacking(IEnumerable<PeerId> nearest) =>
        Best is not { } best ? [] : _answers.Where(a => !a.Value.Span.SequenceEqual(best.Span)).Select(a => a.Key).Concat(nearest.Where(p => !_answers.ContainsKey(p)));
}
