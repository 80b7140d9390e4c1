using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Compeer.Protocols.Kademlia;

/// <summary>A key of 256 bits: in libp2p's DHT the SHA-256 of a peer id, of a record's key, or of a multihash.</summary>
public readonly record struct Key256(ulong First, ulong Second, ulong Third, ulong Fourth) : IKademliaKey<Key256>
{
    /// <summary>Length in bytes.</summary>
    public const int LengthBytes = 32;

    public static int BitLength => 8 * LengthBytes;

    public ulong LeadingBits => First;

    /// <summary>Reads 32 bytes, most significant first.</summary>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    public static Key256 Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != LengthBytes)
            throw new ArgumentException($"A key has {LengthBytes} bytes, not {bytes.Length}.", nameof(bytes));
        return new Key256(
            BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]), BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]));
    }

    /// <summary>The SHA-256 of some bytes as a key.</summary>
    public static Key256 HashOf(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[LengthBytes];
        SHA256.HashData(bytes, hash);
        return Read(hash);
    }

    /// <summary>Writes 32 bytes, most significant first.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, First);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Second);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[16..], Third);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[24..], Fourth);
    }

    public int CommonPrefixLength(Key256 other) =>
        First != other.First ? BitOperations.LeadingZeroCount(First ^ other.First)
        : Second != other.Second ? 64 + BitOperations.LeadingZeroCount(Second ^ other.Second)
        : Third != other.Third ? 128 + BitOperations.LeadingZeroCount(Third ^ other.Third)
        : 192 + BitOperations.LeadingZeroCount(Fourth ^ other.Fourth);

    public int CompareDistance(Key256 a, Key256 b) =>
        a.First != b.First ? (a.First ^ First).CompareTo(b.First ^ First)
        : a.Second != b.Second ? (a.Second ^ Second).CompareTo(b.Second ^ Second)
        : a.Third != b.Third ? (a.Third ^ Third).CompareTo(b.Third ^ Third)
        : (a.Fourth ^ Fourth).CompareTo(b.Fourth ^ Fourth);

    public Key256 RandomInBucket(int bits, Random random)
    {
        Span<byte> own = stackalloc byte[LengthBytes];
        Span<byte> key = stackalloc byte[LengthBytes];
        Write(own);
        KeyBits.FillInBucket(own, key, bits, random);
        return Read(key);
    }

    public override string ToString() => $"{First:x16}{Second:x16}{Third:x16}{Fourth:x16}";
}
