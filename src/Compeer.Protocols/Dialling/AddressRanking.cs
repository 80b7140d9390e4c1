using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.Dialling;

/// <summary>An address with how long to wait, from the start, before it is dialled.</summary>
public readonly record struct RankedAddress(Multiaddr Address, TimeSpan Delay);

/// <summary>
/// In which order the addresses of a peer are dialled: near ones before far ones, IPv6 before IPv4, relays last; each a little after
/// the one before, so that the best that works wins and a router sees few dials at once. Spec: RFC 8305, with the delays that libp2p hosts use.
/// </summary>
public static class AddressRanking
{
    private static readonly TimeSpan NearStep = TimeSpan.FromMilliseconds(30);
    private static readonly TimeSpan FarStep = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan RelayStep = TimeSpan.FromMilliseconds(500);

    /// <summary>The addresses without doubles, the first with no delay.</summary>
    public static IReadOnlyList<RankedAddress> Rank(IEnumerable<Multiaddr> addresses)
    {
        var ranked = new List<RankedAddress>();
        TimeSpan delay = TimeSpan.Zero;
        foreach ((Multiaddr address, TimeSpan step) in addresses.Distinct().Select(a => (a, Step(a))).OrderBy(a => a.Item2).ThenByDescending(a => IsV6(a.a)))
        {
            delay += ranked.Count == 0 ? TimeSpan.Zero : step;
            ranked.Add(new RankedAddress(address, delay));
        }
        return ranked;
    }

    private static TimeSpan Step(Multiaddr address) =>
        address.Contains(MultiaddrProtocol.Circuit) ? RelayStep
        : address.TryGetTcp(out IPEndPoint? remote) && AddressReaches.Of(remote.Address) != AddressReach.Global ? NearStep
        : FarStep;

    private static bool IsV6(Multiaddr address) => address.Protocols.First() == MultiaddrProtocol.Ip6;
}
