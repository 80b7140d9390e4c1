using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Compeer.Formats.Multiformats;

/// <summary>A digest together with the function that made it: code, length, digest. Immutable.</summary>
/// <remarks>Spec: multiformats/multihash. Digests may be cut short; of functions known here they may not be longer than the function makes them.</remarks>
public sealed class Multihash : IEquatable<Multihash>
{
    /// <summary>Longest digest that is accepted.</summary>
    public const int MaxDigestBytes = 128;

    private readonly byte[] _bytes;
    private readonly int _digestAt;

    /// <summary>Puts a digest together with its function's code.</summary>
    /// <exception cref="ArgumentException">The digest is longer than allowed for that function.</exception>
    public Multihash(ulong code, ReadOnlySpan<byte> digest)
    {
        if (digest.Length > LongestDigest(code))
            throw new ArgumentException($"A digest of function 0x{code:x} has at most {LongestDigest(code)} bytes, not {digest.Length}.", nameof(digest));
        Code = code;
        _digestAt = UnsignedVarint.LengthOf(code) + UnsignedVarint.LengthOf((ulong)digest.Length);
        _bytes = new byte[_digestAt + digest.Length];
        int at = UnsignedVarint.Write(_bytes, code);
        UnsignedVarint.Write(_bytes.AsSpan(at), (ulong)digest.Length);
        digest.CopyTo(_bytes.AsSpan(_digestAt));
    }

    /// <summary>The function, from <see cref="Multicodec"/>.</summary>
    public ulong Code { get; }

    /// <summary>The digest alone.</summary>
    public ReadOnlySpan<byte> Digest => _bytes.AsSpan(_digestAt);

    /// <summary>Code, length and digest.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>The SHA-256 of <paramref name="data"/>.</summary>
    public static Multihash Sha256(ReadOnlySpan<byte> data) => new(Multicodec.Sha256, SHA256.HashData(data));

    /// <summary>The data itself in the place of a digest; 128 bytes at most.</summary>
    public static Multihash Identity(ReadOnlySpan<byte> data) => new(Multicodec.Identity, data);

    /// <summary>Reads the multihash at the start of <paramref name="source"/>; false where it is cut, too long or wrongly encoded.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, [NotNullWhen(true)] out Multihash? multihash, out int length)
    {
        multihash = null;
        length = 0;
        if (!UnsignedVarint.TryRead(source, out ulong code, out int codeLength)
            || !UnsignedVarint.TryRead(source[codeLength..], out ulong size, out int sizeLength))
            return false;
        int start = codeLength + sizeLength;
        if (size > (ulong)LongestDigest(code) || size > (ulong)(source.Length - start))
            return false;
        multihash = new Multihash(code, source.Slice(start, (int)size));
        length = start + (int)size;
        return true;
    }

    /// <summary>Reads bytes that are one multihash and nothing more.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> source, [NotNullWhen(true)] out Multihash? multihash)
    {
        if (TryRead(source, out multihash, out int length) && length == source.Length)
            return true;
        multihash = null;
        return false;
    }

    /// <summary>Whether this is the digest of <paramref name="data"/>; false too for an empty digest and for functions not known here.</summary>
    public bool IsOf(ReadOnlySpan<byte> data)
    {
        if (Code == Multicodec.Identity)
            return Digest.SequenceEqual(data);
        Span<byte> whole = stackalloc byte[SHA512.HashSizeInBytes];
        int length = Code switch
        {
            Multicodec.Sha1 => Sha1(data, whole),
            Multicodec.Sha256 => SHA256.HashData(data, whole),
            Multicodec.Sha512 => SHA512.HashData(data, whole),
            _ => 0,
        };
        return length > 0 && !Digest.IsEmpty && whole[..length].StartsWith(Digest);
    }

    public bool Equals(Multihash? other) => other is not null && Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => Equals(obj as Multihash);

    public override int GetHashCode()
    {
        HashCode code = default;
        code.AddBytes(_bytes);
        return code.ToHashCode();
    }

    /// <summary>Base58, as old programs show it.</summary>
    public override string ToString() => MultibaseEncoding.Base58Btc.Encode(_bytes);

    private static int LongestDigest(ulong code) => code switch
    {
        Multicodec.Sha1 => SHA1.HashSizeInBytes,
        Multicodec.Sha256 => SHA256.HashSizeInBytes,
        Multicodec.Sha512 => SHA512.HashSizeInBytes,
        _ => MaxDigestBytes,
    };

    [SuppressMessage("Security", "CA5350", Justification = "The table of functions has SHA-1, for objects of Git.")]
    private static int Sha1(ReadOnlySpan<byte> data, Span<byte> target) => SHA1.HashData(data, target);
}
