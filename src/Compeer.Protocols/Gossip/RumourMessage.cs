using System.Buffers.Binary;
using Compeer.Formats.Hashing;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Gossip;

/// <summary>What those who spread rumours say to each other.</summary>
public enum RumourMessageKind : byte
{
    /// <summary>There is a rumour.</summary>
    Tell,

    /// <summary>The receiver told what the sender knew already.</summary>
    Known,

    /// <summary>What is it?</summary>
    Ask,

    /// <summary>The payload.</summary>
    Payload,
}

/// <summary>One message of rumour mongering.</summary>
/// <param name="Rumour">The rumour's number.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Payload">Of <see cref="RumourMessageKind.Payload"/> alone.</param>
public readonly record struct RumourMessage(ulong Rumour, RumourMessageKind Kind, ReadOnlyMemory<byte> Payload = default) : IOverlayMessage
{
    public int KindNumber => (int)Kind;

    public ulong Digest => new MessageDigest(Rumour).Add((ulong)Kind).Value;

    /// <summary>The number of a rumour with a payload: the start of its SHA-256, so that nobody gives something else under it.</summary>
    public static ulong NumberOf(ReadOnlySpan<byte> payload) => BinaryPrimitives.ReadUInt64LittleEndian(Sha256Hash.Of(payload).AsSpan());
}
