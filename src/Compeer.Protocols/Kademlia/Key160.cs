using System.Buffers.Binary;
using System.Numerics;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Kademlia;

/// <summary>A key of 160 bits: a node id or info-hash of the Mainline DHT.</summary>
public readonly record struct Key160(ulong High, ulong Middle, uint Low) : IKademliaKey<Key160>
{
    /// <summary>Length in bytes.</summary>
    public const int LengthBytes = 20;

    public static int BitLength => 8 * LengthBytes;

    public ulong LeadingBits => High;

    /// <summary>Reads 20 bytes, most significant first.</summary>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    public static Key160 Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length != LengthBytes)
            throw new ArgumentException($"A key has {LengthBytes} bytes, not {bytes.Length}.", nameof(bytes));
        return new Key160(
            BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]), BinaryPrimitives.ReadUInt32BigEndian(bytes[16..]));
    }

    /// <summary>The key of an info-hash.</summary>
    public static Key160 Of(Sha1Hash hash) => Read(hash.AsSpan());

    /// <summary>A random key.</summary>
    public static Key160 NewRandom(Random random)
    {
        Span<byte> bytes = stackalloc byte[LengthBytes];
        random.NextBytes(bytes);
        return Read(bytes);
    }

    /// <summary>Writes 20 bytes, most significant first.</summary>
    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64BigEndian(bytes, High);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], Middle);
        BinaryPrimitives.WriteUInt32BigEndian(bytes[16..], Low);
    }

    /// <summary>A new array with the 20 bytes.</summary>
    public byte[] ToArray()
    {
        byte[] bytes = new byte[LengthBytes];
        Write(bytes);
        return bytes;
    }

    public int CommonPrefixLength(Key160 other) =>
        High != other.High ? BitOperations.LeadingZeroCount(High ^ other.High)
        : Middle != other.Middle ? 64 + BitOperations.LeadingZeroCount(Middle ^ other.Middle)
        : 128 + BitOperations.LeadingZeroCount(Low ^ other.Low);

    public int CompareDistance(Key160 a, Key160 b) =>
        a.High != b.High ? (a.High ^ High).CompareTo(b.High ^ High)
        : a.Middle != b.Middle ? (a.Middle ^ Middle).CompareTo(b.Middle ^ Middle)
        : (a.Low ^ Low).CompareTo(b.Low ^ Low);

    public Key160 RandomInBucket(int bits, Random random)
    {
        Span<byte> own = stackalloc byte[LengthBytes];
        Span<byte> key = stackalloc byte[LengthBytes];
        Write(own);
        KeyBits.FillInBucket(own, key, bits, random);
        return Read(key);
    }

    /// <summary>Lower-case hexadecimal.</summary>
    public override string ToString() => $"{High:x16}{Middle:x16}{Low:x8}";
}
