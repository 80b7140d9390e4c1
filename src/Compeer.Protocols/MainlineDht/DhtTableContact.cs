using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

/// <summary>How much a contact is trusted to answer. Spec: BEP 5, "routing table".</summary>
public enum DhtContactState
{
    /// <summary>It answered within the last 15 minutes.</summary>
    Good,

    /// <summary>It has not been heard for longer.</summary>
    Questionable,

    /// <summary>It left our last question unanswered.</summary>
    Failing,
}

/// <summary>A contact of the routing table, as people see it.</summary>
/// <param name="EndPoint">Where it answers.</param>
/// <param name="SharedBits">Leading bits that its id shares with ours, 0 to 160.</param>
/// <param name="State">How it stands.</param>
/// <param name="RoundTrip">From question to answer, smoothed.</param>
/// <param name="SinceReply">Since it last answered.</param>
public readonly record struct DhtTableContact(NodeEndPoint EndPoint, int SharedBits, DhtContactState State, TimeSpan RoundTrip, TimeSpan SinceReply)
{
    private static readonly TimeSpan GoodFor = TimeSpan.FromMinutes(15);

    internal static DhtTableContact Of(in RoutingEntry<Key160, NodeEndPoint> entry, in Key160 own, Instant now)
    {
        TimeSpan silent = now - entry.LastReply;
        DhtContactState state = entry.Failures > 0 ? DhtContactState.Failing : silent > GoodFor ? DhtContactState.Questionable : DhtContactState.Good;
        return new DhtTableContact(entry.Contact, own.CommonPrefixLength(entry.Key), state, TimeSpan.FromMilliseconds(entry.RoundTripMilliseconds), silent);
    }
}
