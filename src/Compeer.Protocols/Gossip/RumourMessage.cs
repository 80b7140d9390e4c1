using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Gossip;

/// <summary>One message of rumour mongering.</summary>
/// <param name="Rumour">The rumour's number.</param>
/// <param name="IsAnswer">Whether it only says that the rumour was known already.</param>
public readonly record struct RumourMessage(ulong Rumour, bool IsAnswer) : IOverlayMessage
{
    public int KindNumber => IsAnswer ? 1 : 0;

    public ulong Digest => new MessageDigest(Rumour).Add(IsAnswer ? 1UL : 0).Value;
}
