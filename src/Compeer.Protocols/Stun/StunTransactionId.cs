using System.Buffers.Binary;

namespace Compeer.Protocols.Stun;

/// <summary>The 96 bits that tie an answer to its request; who did not see the request cannot guess them. Spec: RFC 8489 section 5.</summary>
/// <param name="High">The first eight bytes.</param>
/// <param name="Low">The last four bytes.</param>
public readonly record struct StunTransactionId(ulong High, uint Low)
{
    /// <summary>How many bytes it takes on the wire.</summary>
    public const int LengthBytes = 12;

    /// <summary>A new id; <paramref name="random"/> is unpredictable outside simulations.</summary>
    public static StunTransactionId Next(Random random)
    {
        Span<byte> bytes = stackalloc byte[LengthBytes];
        random.NextBytes(bytes);
        return Read(bytes);
    }

    internal static StunTransactionId Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt32BigEndian(bytes[8..]));

    internal void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[8..], Low);
    }
}
