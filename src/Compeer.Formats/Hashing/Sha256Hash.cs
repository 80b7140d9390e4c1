using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Compeer.Formats.Hashing;

/// <summary>A SHA-256 digest: 32 bytes by value, compared and ordered as unsigned big-endian bytes.</summary>
[InlineArray(LengthBytes)]
[SuppressMessage("Design", "CA1036", Justification = "Digests are ordered for tie-breaks only; relational operators would read as arithmetic.")]
public struct Sha256Hash : IEquatable<Sha256Hash>, IComparable<Sha256Hash>
{
    /// <summary>Length of the digest in bytes.</summary>
    public const int LengthBytes = 32;

    private byte _first;

    /// <summary>Copies a digest of exactly <see cref="LengthBytes"/> bytes.</summary>
    /// <exception cref="ArgumentException">The span has another length.</exception>
    public Sha256Hash(ReadOnlySpan<byte> digest)
    {
        if (digest.Length != LengthBytes)
            throw new ArgumentException($"A SHA-256 digest has {LengthBytes} bytes, not {digest.Length}.", nameof(digest));
        digest.CopyTo(this);
    }

    /// <summary>The digest of <paramref name="data"/>.</summary>
    public static Sha256Hash Of(ReadOnlySpan<byte> data)
    {
        Sha256Hash digest = default;
        SHA256.HashData(data, digest);
        return digest;
    }

    /// <summary>Reads 32 bytes written as 64 hexadecimal digits in either case.</summary>
    public static bool TryParseHex(ReadOnlySpan<char> hex, out Sha256Hash digest)
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

    public readonly bool Equals(Sha256Hash other) => AsSpan().SequenceEqual(other.AsSpan());

    public override readonly bool Equals(object? obj) => obj is Sha256Hash other && Equals(other);

    /// <summary>Seeded per process, so chosen digests cannot be made to collide in a table.</summary>
    public override readonly int GetHashCode()
    {
        HashCode code = default;
        code.AddBytes(AsSpan());
        return code.ToHashCode();
    }

    public readonly int CompareTo(Sha256Hash other) => AsSpan().SequenceCompareTo(other.AsSpan());

    /// <summary>Lower-case hexadecimal.</summary>
    public override readonly string ToString() => Convert.ToHexStringLower(AsSpan());

    public static bool operator ==(Sha256Hash left, Sha256Hash right) => left.Equals(right);

    public static bool operator !=(Sha256Hash left, Sha256Hash right) => !left.Equals(right);
}
