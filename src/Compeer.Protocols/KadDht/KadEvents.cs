using Compeer.Formats.Multiformats;

namespace Compeer.Protocols.KadDht;

/// <summary>A question that the owner of a node has to ask, and to tell the answer of.</summary>
/// <param name="Id">For <see cref="KadNode.OnResponse"/> or <see cref="KadNode.OnFailure"/>, one of which must follow.</param>
/// <param name="To">Whom.</param>
/// <param name="Addresses">Where others say that the peer is; empty where only the table knows it.</param>
/// <param name="Message">What.</param>
public sealed record KadRequest(long Id, PeerId To, IReadOnlyList<Multiaddr> Addresses, KadMessage Message)
{
    /// <summary>An answer follows on the wire; providers are added without one.</summary>
    public bool WantsAnswer => Message.Type != KadMessageType.AddProvider;
}

/// <summary>What a node tells its owner.</summary>
public abstract record KadEvent(long Search);

/// <summary>Providers that were not told before in this search.</summary>
public sealed record KadProvidersFound(long Search, IReadOnlyList<KadPeer> Providers) : KadEvent(Search);

/// <summary>A search is over.</summary>
/// <param name="Search">Its number.</param>
/// <param name="Closest">The nearest peers that answered, nearest first.</param>
/// <param name="Target">The peer that was looked for, with all addresses that were told; null when nobody told of it.</param>
/// <param name="Record">The best value that was found.</param>
/// <param name="Stored">Peers that took a value, or were told of a provider.</param>
/// <param name="Asked">Questions.</param>
/// <param name="Replied">Answers.</param>
/// <param name="Hops">Steps from our table to the nearest peer.</param>
public sealed record KadSearchEnded(
    long Search, IReadOnlyList<PeerId> Closest, KadPeer? Target, KadRecord? Record, int Stored, int Asked, int Replied, int Hops) : KadEvent(Search);
