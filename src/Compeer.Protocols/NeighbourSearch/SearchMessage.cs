using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.NeighbourSearch;

/// <summary>What neighbours say to each other when they search.</summary>
public enum SearchMessageKind : byte
{
    /// <summary>A question that is passed on to all neighbours.</summary>
    Flood,

    /// <summary>A question that is passed on to one neighbour.</summary>
    Walk,

    /// <summary>Somebody has it; goes back the way that the question came.</summary>
    Hit,

    /// <summary>A walker asks its origin whether to go on.</summary>
    MayGoOn,

    /// <summary>The origin lets a walker go on.</summary>
    GoOn,

    /// <summary>What the sender shares, as a table of bits; replaces the one before.</summary>
    Routing,

    /// <summary>The origin has the item; whoever this walk passes remembers it.</summary>
    Pointer,
}

/// <summary>One message of a search among neighbours.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Query">The question's number, drawn by its origin.</param>
/// <param name="Item">What is looked for: a hash of a word or name.</param>
/// <param name="TimeToLive">How many more times it may be passed on.</param>
/// <param name="Hops">How many times it was passed on; of a hit, how far the finder is.</param>
/// <param name="Origin">Who asks (walkers), who has it (hits, pointers).</param>
/// <param name="Table">Of <see cref="SearchMessageKind.Routing"/> alone.</param>
public readonly record struct SearchMessage<TPeer>(SearchMessageKind Kind, ulong Query, ulong Item, int TimeToLive, int Hops, TPeer Origin, QueryRoutingTable? Table = null) : IOverlayMessage
    where TPeer : struct, IEquatable<TPeer>
{
    public int KindNumber => (int)Kind;

    public ulong Digest => new MessageDigest((ulong)Kind).Add(Query).Add(Item).Add((ulong)TimeToLive).Add((ulong)Hops).Add(Table?.Digest ?? 0).Value;
}
