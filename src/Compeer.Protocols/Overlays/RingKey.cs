using System.Buffers.Binary;
using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Formats.Multiformats;

namespace Compeer.Protocols.Overlays;

/// <summary>
/// A place on the ring of 2^128 keys that Chord and Pastry share. Keys grow clockwise and begin again at 0 after the last.
/// A peer's key is <see cref="Of"/>; who decodes messages derives it and believes no other.
/// </summary>
/// <remarks>Spec: Pastry (2001), section 2 (128 bits, digits of b = 4). DEVIATION: Chord (2001) has 160 bits; 128 are as good as free of collisions.</remarks>
public readonly record struct RingKey(UInt128 Value) : IComparable<RingKey>
{
    /// <summary>Length in bytes.</summary>
    public const int LengthBytes = 16;

    /// <summary>Length in bits.</summary>
    public const int BitLength = 8 * LengthBytes;

    /// <summary>Bits of a digit (Pastry's b).</summary>
    public const int DigitBits = 4;

    /// <summary>Digits of a key.</summary>
    public const int DigitCount = BitLength / DigitBits;

    /// <summary>Reads 16 bytes, most significant first.</summary>
    /// <exception cref="ArgumentException">The span is shorter.</exception>
    public static RingKey Read(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < LengthBytes)
            throw new ArgumentException($"A key has {LengthBytes} bytes, not {bytes.Length}.", nameof(bytes));
        return new RingKey(BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    /// <summary>The place of a peer: the start of the SHA-256 of its name, so nobody chooses it freely.</summary>
    public static RingKey Of(PeerId peer) => Read(Sha256Hash.Of(peer.Bytes).AsSpan());

    /// <summary>The place of a name, of a group say: the start of the SHA-256 of its UTF-8.</summary>
    public static RingKey OfName(string name) => Read(Sha256Hash.Of(Encoding.UTF8.GetBytes(name)).AsSpan());

    /// <summary>A random key.</summary>
    public static RingKey NewRandom(Random random)
    {
        Span<byte> bytes = stackalloc byte[LengthBytes];
        random.NextBytes(bytes);
        return Read(bytes);
    }

    /// <summary>Writes 16 bytes, most significant first.</summary>
    public void Write(Span<byte> bytes) => BinaryPrimitives.WriteUInt128BigEndian(bytes, Value);

    /// <summary>The key so far clockwise from here.</summary>
    public RingKey Plus(UInt128 distance) => new(unchecked(Value + distance));

    /// <summary>How far another key is clockwise; 0 for the same.</summary>
    public UInt128 ClockwiseTo(RingKey other) => unchecked(other.Value - Value);

    /// <summary>How far another key is the shorter way round.</summary>
    public UInt128 DistanceTo(RingKey other)
    {
        UInt128 clockwise = ClockwiseTo(other), back = other.ClockwiseTo(this);
        return clockwise < back ? clockwise : back;
    }

    /// <summary>Whether it lies clockwise after one key and not beyond another; between a key and itself lies the whole ring.</summary>
    public bool IsWithin(RingKey after, RingKey upTo) =>
        after == upTo || unchecked(after.ClockwiseTo(this) - 1) < after.ClockwiseTo(upTo);

    /// <summary>The digit at a place, the most significant first.</summary>
    public int Digit(int place) => (int)(Value >> (BitLength - (DigitBits * (place + 1)))) & 15;

    /// <summary>Leading digits that both have; <see cref="DigitCount"/> for the same key.</summary>
    public int SharedDigits(RingKey other) => (int)UInt128.LeadingZeroCount(Value ^ other.Value) / DigitBits;

    public int CompareTo(RingKey other) => Value.CompareTo(other.Value);

    /// <summary>64 bits of it, all of them in use, for digests.</summary>
    public ulong Folded => (ulong)(Value >> 64) ^ ulong.RotateLeft((ulong)Value, 31);

    /// <summary>Lower-case hexadecimal.</summary>
    public override string ToString() => Value.ToString("x32", System.Globalization.CultureInfo.InvariantCulture);

    public static bool operator <(RingKey left, RingKey right) => left.Value < right.Value;

    public static bool operator >(RingKey left, RingKey right) => left.Value > right.Value;

    public static bool operator <=(RingKey left, RingKey right) => left.Value <= right.Value;

    public static bool operator >=(RingKey left, RingKey right) => left.Value >= right.Value;
}
