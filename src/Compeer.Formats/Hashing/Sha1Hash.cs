using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Compeer.Formats.Hashing;

/// <summary>A SHA-1 digest: 20 bytes by value, compared and ordered as unsigned big-endian bytes.</summary>
[InlineArray(LengthBytes)]
[SuppressMessage("Design", "CA1036", Justification = "Digests are ordered for tie-breaks only; relational operators would read as arithmetic.")]
public struct Sha1Hash : IEquatable<Sha1Hash>, IComparable<Sha1Hash>
{
    /// <summary>Length of the digest in bytes.</summary>
    public const int LengthBytes = 20;

    private byte _first;

    /// <summary>Copies a digest of exactly <see cref="LengthBytes"/> bytes.</summary>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    public Sha1Hash(ReadOnlySpan<byte> digest)
    {
        if (digest.Length != LengthBytes)
            throw new ArgumentException($"A SHA-1 digest has {LengthBytes} bytes, not {digest.Length}.", nameof(digest));
        digest.CopyTo(this);
    }

    /// <summary>The digest of <paramref name="data"/>.</summary>
    public static Sha1Hash Of(ReadOnlySpan<byte> data)
    {
        Sha1Hash digest = default;
        SHA1.HashData(data, digest);
        return digest;
    }

    /// <summary>Reads 20 bytes written as 40 hexadecimal digits in either case.</summary>
    public static bool TryParseHex(ReadOnlySpan<char> hex, out Sha1Hash digest)
    {
        digest = default;
        return hex.Length == 2 * LengthBytes
            && Convert.FromHexString(hex, digest, out _, out _) == System.Buffers.OperationStatus.Done;
    }

    /// <summary>The bytes in place; valid while the variable lives.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> AsSpan() => MemoryMarshal.CreateReadOnlySpan(in _first, LengthBytes);

    /// <summary>A new array with the bytes.</summary>
    public readonly byte[] ToArray() => AsSpan().ToArray();

    public readonly bool Equals(Sha1Hash other) => AsSpan().SequenceEqual(other.AsSpan());

    public override readonly bool Equals(object? obj) => obj is Sha1Hash other && Equals(other);

    /// <summary>Seeded per process, so chosen digests cannot be made to collide in a table.</summary>
    public override readonly int GetHashCode()
    {
        HashCode code = default;
        code.AddBytes(AsSpan());
        return code.ToHashCode();
    }

    public readonly int CompareTo(Sha1Hash other) => AsSpan().SequenceCompareTo(other.AsSpan());

    /// <summary>Lower-case hexadecimal.</summary>
    public override readonly string ToString() => Convert.ToHexStringLower(AsSpan());

    public static bool operator ==(Sha1Hash left, Sha1Hash right) => left.Equals(right);

    public static bool operator !=(Sha1Hash left, Sha1Hash right) => !left.Equals(right);
}
