using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Pastry;

/// <summary>A message has come to the node nearest to its key, which is this one.</summary>
/// <param name="Id">The number that the origin gave it.</param>
/// <param name="Key">The key.</param>
/// <param name="Origin">Who sent it.</param>
/// <param name="Hops">Steps it made; 0 when the origin is nearest itself.</param>
public readonly record struct PastryDelivery<TPeer>(ulong Id, RingKey Key, RingContact<TPeer> Origin, int Hops)
    where TPeer : struct, IEquatable<TPeer>;
