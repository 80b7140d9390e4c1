using Compeer.Protocols.HyParView;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Plumtree;

/// <summary>A message of membership or of broadcast, one of the two.</summary>
public readonly record struct BroadcastMessage<TPeer>(HyParViewMessage<TPeer>? Membership, PlumtreeMessage? Broadcast) : IOverlayMessage
    where TPeer : struct, IEquatable<TPeer>
{
    /// <summary>Kinds of broadcast come first, those of membership from 8 on.</summary>
    public int KindNumber => Broadcast?.KindNumber ?? (8 + Membership!.Value.KindNumber);

    public ulong Digest => Broadcast?.Digest ?? Membership!.Value.Digest;
}
