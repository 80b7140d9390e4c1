using Compeer.Protocols.Kademlia;
using Compeer.Protocols.Overlays;

namespace Compeer.Simulator.Worlds.Kademlia;

/// <summary>A question for the nodes nearest to a key, its answer, or a value to be kept at a key.</summary>
public enum KademliaMessageKind : byte
{
    Find,
    Nodes,
    Store,
}

/// <summary>One message of a bare Kademlia, without any network's own codec.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Id">The lookup's number.</param>
/// <param name="Key">The key.</param>
/// <param name="Signature">Of the value that is to be kept, or that the sender keeps there; 0 for none.</param>
/// <param name="Nodes">The nodes told with the keys they are said to have; never null.</param>
public readonly record struct KademliaMessage(KademliaMessageKind Kind, int Id, Key160 Key, ulong Signature, (Key160 Key, int Node)[] Nodes) : IOverlayMessage
{
    public int KindNumber => (int)Kind;

    public ulong Digest => new MessageDigest((ulong)Kind).Add((ulong)Id).Add(Key.LeadingBits).Add(Signature).Add((ulong)Nodes.Length).Value;
}
