using System.Buffers.Binary;
using Compeer.Formats.Hashing;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Plumtree;

/// <summary>What Plumtree neighbours say to each other.</summary>
public enum PlumtreeMessageKind : byte
{
    /// <summary>A broadcast with its payload.</summary>
    Gossip,

    /// <summary>The sender has broadcasts, and gives them to who asks.</summary>
    IHave,

    /// <summary>Be my parent in the tree, and give me this broadcast.</summary>
    Graft,

    /// <summary>I have it from another: tell me only that you have it.</summary>
    Prune,
}

/// <summary>One message of Plumtree.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Broadcast">The broadcast's number; over streams <see cref="NumberOf"/>.</param>
/// <param name="Round">Steps from the origin.</param>
/// <param name="Payload">Of <see cref="PlumtreeMessageKind.Gossip"/>: the content, which the broadcast's user has checked before it is passed on.</param>
public readonly record struct PlumtreeMessage(PlumtreeMessageKind Kind, ulong Broadcast, int Round, ReadOnlyMemory<byte> Payload) : IOverlayMessage
{
    /// <summary>The number of what is broadcast: the start of its SHA-256, so that nobody gives something else under a number that is awaited.</summary>
    public static ulong NumberOf(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadUInt64LittleEndian(Sha256Hash.Of(payload).AsSpan());

    public int KindNumber => (int)Kind;

    public ulong Digest => new MessageDigest((ulong)Kind).Add(Broadcast).Add((ulong)Round).Add((ulong)Payload.Length).Value;
}
