using System.Diagnostics.CodeAnalysis;

namespace Compeer.Formats.Multiformats;

/// <summary>The name of a libp2p peer: the multihash of its public key, which small keys are themselves. The default value names nobody.</summary>
/// <remarks>
/// Spec: libp2p/specs peer-ids, RFC 0001. Keys of at most 42 encoded bytes stand in the id (identity), longer ones by their SHA-256.
/// An inline id that holds no key is refused: nobody could answer to it.
/// </remarks>
[SuppressMessage("Design", "CA1036", Justification = "Ids are ordered for tie-breaks only.")]
public readonly struct PeerId : IEquatable<PeerId>, IComparable<PeerId>
{
    /// <summary>Longest encoded key that stands in the id itself.</summary>
    public const int MaxInlineKeyBytes = 42;

    private readonly Multihash? _hash;

    private PeerId(Multihash hash) => _hash = hash;

    /// <summary>Whether this is the default value.</summary>
    public bool IsEmpty => _hash is null;

    /// <summary>The multihash; empty for the default value.</summary>
    public ReadOnlySpan<byte> Bytes => _hash is null ? default : _hash.Bytes;

    /// <summary>The id of the peer with that key.</summary>
    public static PeerId FromPublicKey(PublicKey key)
    {
        byte[] encoded = key.ToBytes();
        return new PeerId(encoded.Length <= MaxInlineKeyBytes ? Multihash.Identity(encoded) : Multihash.Sha256(encoded));
    }

    /// <summary>Reads the multihash of an id.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out PeerId id)
    {
        id = default;
        if (!Multihash.TryDecode(bytes, out Multihash? hash) || !IsOfKey(hash))
            return false;
        id = new PeerId(hash);
        return true;
    }

    /// <summary>Reads "12D3Koo...", "Qm..." (base58), or a CID of version 1 with codec libp2p-key in any base.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out PeerId id)
    {
        id = default;
        if (text.StartsWith("1") || text.StartsWith("Qm"))
            return MultibaseEncoding.Base58Btc.TryDecode(text, out byte[] bytes) && TryDecode(bytes, out id);
        return Cid.TryParse(text, out Cid? cid) && cid.Codec == Multicodec.Libp2pKey && TryDecode(cid.Hash.Bytes, out id);
    }

    /// <summary>Reads an id as <see cref="TryParse"/> does.</summary>
    /// <exception cref="FormatException">The text is no peer id.</exception>
    public static PeerId Parse(ReadOnlySpan<char> text) => TryParse(text, out PeerId id)
        ? id
        : throw new FormatException($"\"{text}\" is no peer id; those begin with 12D3Koo, 16Uiu, Qm, or are a CID of a libp2p key.");

    /// <summary>The public key, where it stands in the id.</summary>
    public bool TryGetPublicKey([NotNullWhen(true)] out PublicKey? key)
    {
        key = null;
        return _hash is { Code: Multicodec.Identity } && PublicKey.TryDecode(_hash.Digest, out key);
    }

    /// <summary>The id as a CID of version 1.</summary>
    /// <exception cref="InvalidOperationException">The id is empty.</exception>
    public Cid ToCid() => new(Multicodec.Libp2pKey, _hash ?? throw new InvalidOperationException("This peer id names nobody."));

    public bool Equals(PeerId other) => Bytes.SequenceEqual(other.Bytes);

    public override bool Equals(object? obj) => obj is PeerId other && Equals(other);

    public override int GetHashCode() => _hash?.GetHashCode() ?? 0;

    public int CompareTo(PeerId other) => Bytes.SequenceCompareTo(other.Bytes);

    /// <summary>Base58 of the multihash; empty for the default value.</summary>
    public override string ToString() => _hash?.ToString() ?? "";

    public static bool operator ==(PeerId left, PeerId right) => left.Equals(right);

    public static bool operator !=(PeerId left, PeerId right) => !left.Equals(right);

    private static bool IsOfKey(Multihash hash) => hash.Code switch
    {
        Multicodec.Identity => hash.Digest.Length <= MaxInlineKeyBytes && PublicKey.TryDecode(hash.Digest, out _),
        Multicodec.Sha256 => hash.Digest.Length == 32,
        _ => false,
    };
}
