using System.Diagnostics.CodeAnalysis;

namespace Compeer.Formats.Multiformats;

/// <summary>The name of content by its hash: version, codec of the content, multihash. Immutable. Spec: multiformats/cid.</summary>
public sealed record Cid
{
    private const int Version0Bytes = 34;
    private const int Version0Characters = 46;

    private Cid(int version, ulong codec, Multihash hash) => (Version, Codec, Hash) = (version, codec, hash);

    /// <summary>A CID of version 1.</summary>
    public Cid(ulong codec, Multihash hash) : this(1, codec, hash)
    {
    }

    /// <summary>0 or 1. Version 0 is a bare SHA-256 multihash over dag-pb.</summary>
    public int Version { get; }

    /// <summary>What the content is encoded in, from <see cref="Multicodec"/>.</summary>
    public ulong Codec { get; }

    /// <summary>The hash of the content.</summary>
    public Multihash Hash { get; }

    /// <summary>Reads the CID at the start of <paramref name="source"/>.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, [NotNullWhen(true)] out Cid? cid, out int length)
    {
        cid = null;
        length = 0;
        if (source.Length >= Version0Bytes && source[0] == Multicodec.Sha256 && source[1] == 32)
        {
            cid = new Cid(0, Multicodec.DagPb, new Multihash(Multicodec.Sha256, source[2..Version0Bytes]));
            length = Version0Bytes;
            return true;
        }
        if (source.IsEmpty || source[0] != 1
            || !UnsignedVarint.TryRead(source[1..], out ulong codec, out int codecLength)
            || !Multihash.TryRead(source[(1 + codecLength)..], out Multihash? hash, out int hashLength))
            return false;
        cid = new Cid(codec, hash);
        length = 1 + codecLength + hashLength;
        return true;
    }

    /// <summary>Reads bytes that are one CID and nothing more.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> source, [NotNullWhen(true)] out Cid? cid)
    {
        if (TryRead(source, out cid, out int length) && length == source.Length)
            return true;
        cid = null;
        return false;
    }

    /// <summary>Reads text: base58 of version 0 ("Qm..."), or version 1 in any base.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, [NotNullWhen(true)] out Cid? cid)
    {
        cid = null;
        if (text.Length == Version0Characters && text.StartsWith("Qm"))
            return MultibaseEncoding.Base58Btc.TryDecode(text, out byte[] bare) && TryDecode(bare, out cid);
        return Multibase.TryDecode(text, out _, out byte[] bytes) && TryDecode(bytes, out cid) && cid.Version == 1;
    }

    /// <summary>The bytes.</summary>
    public byte[] ToBytes() => Version == 0 ? Hash.Bytes.ToArray() : [1, .. Prefix(), .. Hash.Bytes];

    /// <summary>Version 0 in base58, version 1 in base32.</summary>
    public override string ToString() => Version == 0 ? Hash.ToString() : ToString(MultibaseEncoding.Base32);

    /// <summary>A CID of version 1 in a base.</summary>
    public string ToString(MultibaseEncoding encoding) => Multibase.Encode(encoding, ToBytes());

    private byte[] Prefix()
    {
        var prefix = new byte[UnsignedVarint.LengthOf(Codec)];
        UnsignedVarint.Write(prefix, Codec);
        return prefix;
    }
}
