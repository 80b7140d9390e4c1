using System.Collections.Immutable;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

/// <summary>
/// What the last announcing search for each key found. Whoever announces the same key again begins at the nodes that were nearest,
/// leaves out those that were silent, and need not announce where the last announcement is still young.
/// </summary>
/// <remarks>Memory: 64 bytes a contact, at most <see cref="MaxContacts"/> and <see cref="MaxSilent"/> a search. Single-threaded.</remarks>
internal sealed class PastSearches(DhtOptions options)
{
    /// <summary>Contacts kept that answered: as many of either kind as may store an announcement.</summary>
    public const int MaxContacts = 2 * MainlinePolicy.BucketSize;

    /// <summary>Contacts kept that did not answer.</summary>
    public const int MaxSilent = MainlinePolicy.BucketSize;

    private readonly Dictionary<Key160, PastSearch> _searches = [];
    private readonly Queue<(Key160 Target, Instant EndedAt)> _order = new();

    /// <summary>The last search for a key; null when there was none in time.</summary>
    public PastSearch? Find(Key160 target, Instant now) =>
        _searches.TryGetValue(target, out PastSearch? past) && now < past.EndedAt + options.PeerLifetime ? past : null;

    /// <summary>Keeps a search in the place of the one before it for the same key; the oldest make room.</summary>
    public void Keep(Key160 target, PastSearch past, Instant now)
    {
        if (options.MaxPastSearches == 0)
            return;
        _searches[target] = past;
        _order.Enqueue((target, past.EndedAt));
        while (_order.TryPeek(out (Key160 Target, Instant EndedAt) oldest)
            && (_searches.Count > options.MaxPastSearches || _order.Count > 2 * options.MaxPastSearches || now >= oldest.EndedAt + options.PeerLifetime))
        {
            _order.Dequeue();
            if (_searches.TryGetValue(oldest.Target, out PastSearch? kept) && kept.EndedAt == oldest.EndedAt)
                _searches.Remove(oldest.Target);
        }
    }

    /// <summary>Nothing of it is true any more.</summary>
    public void Clear()
    {
        _searches.Clear();
        _order.Clear();
    }
}

/// <summary>What a search found that announced us.</summary>
/// <param name="Announced">What it announced.</param>
/// <param name="EndedAt">When it ended.</param>
/// <param name="Shortcuts">Searches in a row, with this one, that began where another had ended.</param>
/// <param name="Contacts">The nearest that answered, nearest first.</param>
/// <param name="Silent">Those as near that were asked and did not answer.</param>
internal sealed record PastSearch(
    GetPeersOptions Announced, Instant EndedAt, int Shortcuts, ImmutableArray<PastContact> Contacts, ImmutableArray<DhtContact> Silent)
{
    /// <summary>After so many shortcuts a search begins at the routing table again: whoever has drawn us to his fellows must do so anew.</summary>
    public const int MaxShortcuts = 3;

    /// <summary>When a contact last took the same announcement; null when it did not.</summary>
    public Instant? StoredAt(NodeEndPoint contact, GetPeersOptions announced)
    {
        // A node that is to take our port from the datagram may see another one next time.
        if (announced.ImpliedPort || Announced != announced)
            return null;
        foreach (PastContact past in Contacts)
        {
            if (past.Contact.EndPoint == contact)
                return past.StoredAt;
        }
        return null;
    }
}

/// <summary>A contact that answered a search.</summary>
/// <param name="Contact">Who.</param>
/// <param name="StoredAt">When it last took our announcement; null when it did not.</param>
internal readonly record struct PastContact(DhtContact Contact, Instant? StoredAt);
