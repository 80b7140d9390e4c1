using System.Net;
using Compeer.Protocols.Stun;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.Connecting;

/// <summary>
/// Finds out one public address, of IPv4 or of IPv6, from what others say. A network (a /24, or a /64) has one vote, whoever in it
/// speaks; an address is believed when votes of at least <see cref="Quorum"/> and more than half of all name it, and stays believed
/// until another one is, or nobody names it any more.
/// </summary>
/// <remarks>
/// A peer and a DHT node weigh 1, a tracker 2, a router and a STUN server that a person named 3. Of each kind only the newest are
/// kept, at most 46 votes in all, so that no kind can crowd out the others; a lighter kind does not replace the vote of a
/// heavier one from its own network. Votes end after <see cref="MaxAge"/>.
/// Somebody on the Internet cannot see us under a private address, so such a claim is void. Somebody in a private network sees us as that
/// network does, which is right there and wrong outside: such votes count, host by host, only while nobody from further away has voted.
/// Single-threaded.
/// </remarks>
/// <param name="isV6">The family.</param>
public sealed class PublicAddressVotes(bool isV6)
{
    /// <summary>The weight that must agree.</summary>
    public const int Quorum = 3;

    /// <summary>How long a vote counts.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromHours(1);

    private readonly List<Vote> _votes = [];

    /// <summary>What is believed; null before enough agree.</summary>
    public PublicAddress? Winner { get; private set; }

    /// <summary>Takes a vote; true when <see cref="Winner"/> is another by it.</summary>
    /// <param name="voter">From where it came, proved by an answer that only a receiver of our packets could give.</param>
    /// <param name="claimed">Our address, as the voter sees it.</param>
    /// <param name="udpPort">The port under which it sees our UDP port; null when it did not tell, or it saw another port of ours.</param>
    /// <param name="witness">What the voter is, one kind.</param>
    /// <param name="now">The time.</param>
    public bool Take(IPAddress voter, IPAddress claimed, int? udpPort, AddressWitness witness, Instant now)
    {
        (voter, claimed) = (Unmapped(voter), Unmapped(claimed));
        AddressReach from = AddressReaches.Of(voter), reach = AddressReaches.Of(claimed);
        if (StunAddressCodec.IsV6(voter) != isV6 || StunAddressCodec.IsV6(claimed) != isV6 || from < AddressReach.Private || reach < AddressReach.Private || (from == AddressReach.Global && reach != AddressReach.Global))
            return false;
        _votes.RemoveAll(v => now - v.At >= MaxAge);
        IPAddress ballot = from == AddressReach.Global ? NetworkOf(voter) : voter;
        int at = _votes.FindIndex(v => v.Ballot.Equals(ballot));
        if (at >= 0 && WeightOf(_votes[at].Witness) > WeightOf(witness))
            return false;
        if (at < 0 && _votes.Count(v => v.Witness == witness) >= MaxOf(witness))
            at = _votes.FindIndex(v => v.Witness == witness);
        if (at >= 0)
            _votes.RemoveAt(at);
        // The oldest stand first.
        _votes.Add(new Vote(ballot, from, claimed, udpPort, witness, now));
        return Count();
    }

    /// <summary>Lets old votes end; true when <see cref="Winner"/> is another by it.</summary>
    public bool Expire(Instant now) => _votes.RemoveAll(v => now - v.At >= MaxAge) > 0 && Count();

    private bool Count()
    {
        AddressReach furthest = _votes.Select(v => v.From).DefaultIfEmpty().Max();
        Vote[] counted = [.. _votes.Where(v => v.From == furthest)];
        int total = counted.Sum(v => WeightOf(v.Witness));
        IGrouping<IPAddress, Vote>? elected = counted.GroupBy(v => v.Claimed).FirstOrDefault(g => g.Sum(v => WeightOf(v.Witness)) is var weight && weight >= Quorum && 2 * weight > total)
            ?? counted.GroupBy(v => v.Claimed).FirstOrDefault(g => g.Key.Equals(Winner?.Address));
        PublicAddress? before = Winner;
        Winner = elected is null ? null : Describe(elected.Key, [.. elected]);
        return Winner != before;
    }

    private static PublicAddress Describe(IPAddress address, Vote[] votes)
    {
        int[] ports = [.. votes.Where(v => v.UdpPort is not null).Select(v => v.UdpPort!.Value)];
        int? port = ports.GroupBy(p => p).FirstOrDefault(g => 2 * g.Count() > ports.Length)?.Key;
        return new PublicAddress(address, port, votes.Aggregate(AddressWitness.None, (all, v) => all | v.Witness), votes.Length, ports.Length);
    }

    private static int WeightOf(AddressWitness witness) => witness switch
    {
        AddressWitness.Stun or AddressWitness.Router => 3,
        AddressWitness.Tracker => 2,
        _ => 1,
    };

    // What few strangers name, such as a torrent its trackers, may not outweigh what many say.
    private static int MaxOf(AddressWitness witness) => witness switch
    {
        AddressWitness.Router => 2,
        AddressWitness.Tracker => 4,
        AddressWitness.Stun => 8,
        _ => 16,
    };

    private static IPAddress Unmapped(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static IPAddress NetworkOf(IPAddress address)
    {
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(bytes.Length == 4 ? 3 : 8).Clear();
        return new IPAddress(bytes);
    }

    // A class, since queries over values are compiled at each start.
    private sealed record Vote(IPAddress Ballot, AddressReach From, IPAddress Claimed, int? UdpPort, AddressWitness Witness, Instant At);
}
