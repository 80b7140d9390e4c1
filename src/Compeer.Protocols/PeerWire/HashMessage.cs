using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;

namespace Compeer.Protocols.PeerWire;

/// <summary>The fixed part of hash request, hashes and hash reject.</summary>
/// <remarks>
/// Spec: BEP 52.
/// <code>
/// | pieces root (32) | base layer (4) | index (4) | length (4) | proof layers (4) | hashes (32 each) |
/// </code>
/// </remarks>
public static class HashMessage
{
    /// <summary>Bytes before the hashes.</summary>
    public const int FixedBytes = 48;

    /// <summary>Longest body: the largest range and a proof to the root of the largest file.</summary>
    public const int MaxBytes = FixedBytes + (HashRange.MaxLength + 48) * Sha256Hash.LengthBytes;

    /// <summary>Reads the fixed part.</summary>
    public static (Sha256Hash Root, HashRange Range) Read(ReadOnlySpan<byte> body) => (
        new Sha256Hash(body[..32]),
        new HashRange(
            BinaryPrimitives.ReadInt32BigEndian(body[32..]), BinaryPrimitives.ReadInt32BigEndian(body[36..]),
            BinaryPrimitives.ReadInt32BigEndian(body[40..]), BinaryPrimitives.ReadInt32BigEndian(body[44..])));

    /// <summary>The hashes behind the fixed part.</summary>
    public static ReadOnlySpan<Sha256Hash> Hashes(ReadOnlySpan<byte> body) => MemoryMarshal.Cast<byte, Sha256Hash>(body[FixedBytes..]);

    /// <summary>Writes a whole message.</summary>
    public static void Write(IBufferWriter<byte> output, PeerMessageId id, Sha256Hash root, HashRange range, ReadOnlySpan<Sha256Hash> hashes)
    {
        int body = FixedBytes + hashes.Length * Sha256Hash.LengthBytes;
        Span<byte> target = output.GetSpan(5 + body);
        BinaryPrimitives.WriteInt32BigEndian(target, 1 + body);
        target[4] = (byte)id;
        root.AsSpan().CopyTo(target[5..]);
        BinaryPrimitives.WriteInt32BigEndian(target[37..], range.BaseLayer);
        BinaryPrimitives.WriteInt32BigEndian(target[41..], range.Index);
        BinaryPrimitives.WriteInt32BigEndian(target[45..], range.Length);
        BinaryPrimitives.WriteInt32BigEndian(target[49..], range.ProofLayers);
        MemoryMarshal.AsBytes(hashes).CopyTo(target[(5 + FixedBytes)..]);
        output.Advance(5 + body);
    }
}
