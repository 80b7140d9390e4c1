using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.HyParView;

/// <summary>What HyParView nodes say to each other.</summary>
public enum HyParViewMessageKind : byte
{
    /// <summary>The sender is new here.</summary>
    Join,

    /// <summary>The subject is new; passed on as a random walk.</summary>
    ForwardJoin,

    /// <summary>The sender wants to be a neighbour; with priority when it has no other.</summary>
    Neighbour,

    /// <summary>Yes, we are neighbours.</summary>
    Accepted,

    /// <summary>No, there is no room.</summary>
    Refused,

    /// <summary>The sender is no neighbour any more.</summary>
    Disconnect,

    /// <summary>Some nodes that the subject knows, in exchange for some of ours; passed on as a random walk.</summary>
    Shuffle,

    /// <summary>The nodes given in exchange.</summary>
    ShuffleReply,
}

/// <summary>One message of HyParView.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Subject">Whom it is about: who joins, who shuffles.</param>
/// <param name="TimeToLive">How many more times it is passed on.</param>
/// <param name="HasPriority">Of <see cref="HyParViewMessageKind.Neighbour"/>: it cannot be refused.</param>
/// <param name="Peers">The nodes exchanged; never null.</param>
public readonly record struct HyParViewMessage<TPeer>(HyParViewMessageKind Kind, TPeer Subject, int TimeToLive, bool HasPriority, TPeer[] Peers) : IOverlayMessage
    where TPeer : struct, IEquatable<TPeer>
{
    public int KindNumber => (int)Kind;

    public ulong Digest => new MessageDigest((ulong)Kind).Add((ulong)TimeToLive).Add(HasPriority ? 1UL : 0).Add((ulong)Peers.Length).Value;
}
