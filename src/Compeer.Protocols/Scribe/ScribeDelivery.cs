using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Scribe;

/// <summary>News of a group that we are in.</summary>
public readonly record struct ScribeDelivery(RingKey Group, ulong Id, int Hops, ReadOnlyMemory<byte> Payload);
