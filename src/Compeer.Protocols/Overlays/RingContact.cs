namespace Compeer.Protocols.Overlays;

/// <summary>A peer and its place on the ring. Who decodes messages derives the key from the peer and believes no other.</summary>
public readonly record struct RingContact<TPeer>(RingKey Key, TPeer Peer)
    where TPeer : struct, IEquatable<TPeer>;
