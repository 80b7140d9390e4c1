using Compeer.Formats.Multiformats;

namespace Compeer.Protocols.AutoNat;

/// <summary>
/// Counts what servers found when they dialled our addresses: an address is reached, or is not, when as many as the quorum say so and more
/// than say otherwise. Each server has one vote for an address, its newest. Single-threaded; at most <see cref="MaxAddresses"/> addresses
/// with <see cref="MaxVotes"/> votes each, the oldest giving way.
/// </summary>
/// <param name="quorum">Servers that must agree, at least 1.</param>
public sealed class ReachabilityVotes(int quorum)
{
    /// <summary>Addresses.</summary>
    public const int MaxAddresses = 16;

    /// <summary>Votes on one address.</summary>
    public const int MaxVotes = 16;

    /// <summary>How long a vote counts.</summary>
    public static readonly TimeSpan MaxAge = TimeSpan.FromHours(1);

    private readonly List<(Multiaddr Address, PeerId Server, bool IsReached, Instant At)> _votes = [];

    /// <summary>Takes a vote.</summary>
    public void Take(Multiaddr address, PeerId server, bool isReached, Instant now)
    {
        _votes.RemoveAll(v => now - v.At >= MaxAge || (v.Address.Equals(address) && v.Server == server));
        if (_votes.Count(v => v.Address.Equals(address)) >= MaxVotes)
            _votes.RemoveAt(_votes.FindIndex(v => v.Address.Equals(address)));
        else if (_votes.TrueForAll(v => !v.Address.Equals(address)) && _votes.Select(v => v.Address).Distinct().Count() >= MaxAddresses)
        {
            Multiaddr oldest = _votes[0].Address;
            _votes.RemoveAll(v => v.Address.Equals(oldest));
        }
        _votes.Add((address, server, isReached, now));
    }

    /// <summary>Whether strangers reach an address; null while too few have tried, or they disagree.</summary>
    public bool? IsReached(Multiaddr address)
    {
        int yes = _votes.Count(v => v.Address.Equals(address) && v.IsReached), no = _votes.Count(v => v.Address.Equals(address) && !v.IsReached);
        return yes >= quorum && yes > no ? true : no >= quorum && no > yes ? false : null;
    }

    /// <summary>Addresses that strangers reach.</summary>
    public IReadOnlyList<Multiaddr> Reached => [.. _votes.Select(v => v.Address).Distinct().Where(a => IsReached(a) == true)];

    /// <summary>Whether strangers reach any address; null before there is a verdict on one.</summary>
    public bool? IsPublic => Reached.Count > 0 ? true : _votes.Exists(v => IsReached(v.Address) == false) ? false : null;
}
