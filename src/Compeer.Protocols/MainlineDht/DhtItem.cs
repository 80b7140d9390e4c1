using System.Security.Cryptography;
using Compeer.Protocols.Identity;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

/// <summary>A value stored in the DHT: immutable under its own hash, or mutable under a public key and salt, signed and numbered.</summary>
/// <remarks>Spec: BEP 44.</remarks>
public sealed record DhtItem
{
    /// <summary>Longest value in bytes, as it is encoded.</summary>
    public const int MaxValueBytes = 1000;

    /// <summary>Longest salt in bytes.</summary>
    public const int MaxSaltBytes = 64;

    /// <summary>Bytes of a public key.</summary>
    public const int PublicKeyBytes = 32;

    /// <summary>Bytes of a signature.</summary>
    public const int SignatureBytes = 64;

    private DhtItem(byte[] value) => Value = value;

    /// <summary>The value, bencoded.</summary>
    public ReadOnlyMemory<byte> Value { get; }

    /// <summary>The key that signed a mutable item; empty for an immutable one.</summary>
    public ReadOnlyMemory<byte> PublicKey { get; private init; }

    /// <summary>Tells items of one key apart; may be empty.</summary>
    public ReadOnlyMemory<byte> Salt { get; private init; }

    /// <summary>Which version of a mutable item it is; a higher one replaces it.</summary>
    public long Sequence { get; private init; }

    /// <summary>The signature of a mutable item.</summary>
    public ReadOnlyMemory<byte> Signature { get; private init; }

    /// <summary>It can be replaced by a newer version.</summary>
    public bool IsMutable => !PublicKey.IsEmpty;

    /// <summary>Where it is stored.</summary>
    public Key160 Target => IsMutable ? TargetOf(PublicKey.Span, Salt.Span) : TargetOf(Value.Span);

    /// <summary>An immutable item.</summary>
    /// <param name="value">One bencoded value of at most <see cref="MaxValueBytes"/>.</param>
    /// <exception cref="ArgumentException">It is too long.</exception>
    public static DhtItem Immutable(ReadOnlySpan<byte> value)
    {
        ThrowIfTooLong(value, []);
        return new DhtItem(value.ToArray());
    }

    /// <summary>A mutable item, signed here.</summary>
    /// <exception cref="ArgumentException">The value or the salt is too long.</exception>
    public static DhtItem Mutable(ReadOnlySpan<byte> value, ReadOnlySpan<byte> salt, long sequence, ReadOnlySpan<byte> secretKey, IEd25519 ed25519)
    {
        ThrowIfTooLong(value, salt);
        byte[] publicKey = new byte[PublicKeyBytes];
        byte[] signature = new byte[SignatureBytes];
        ed25519.WritePublicKey(secretKey, publicKey);
        ed25519.Sign(secretKey, SigningInput(value, salt, sequence), signature);
        return new DhtItem(value.ToArray()) { PublicKey = publicKey, Salt = salt.ToArray(), Sequence = sequence, Signature = signature };
    }

    /// <summary>A mutable item from elsewhere; null when its signature is wrong or a part is too long.</summary>
    public static DhtItem? Verified(
        ReadOnlySpan<byte> value, ReadOnlySpan<byte> salt, long sequence, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> signature, IEd25519 ed25519) =>
        value.Length <= MaxValueBytes && salt.Length <= MaxSaltBytes && publicKey.Length == PublicKeyBytes && signature.Length == SignatureBytes
        && ed25519.Verify(publicKey, SigningInput(value, salt, sequence), signature)
            ? new DhtItem(value.ToArray()) { PublicKey = publicKey.ToArray(), Salt = salt.ToArray(), Sequence = sequence, Signature = signature.ToArray() }
            : null;

    /// <summary>Where an immutable value is stored.</summary>
    public static Key160 TargetOf(ReadOnlySpan<byte> value)
    {
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(value, hash);
        return Key160.Read(hash);
    }

    /// <summary>Where the mutable item of a key and salt is stored.</summary>
    public static Key160 TargetOf(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> salt) => TargetOf([.. publicKey, .. salt]);

    /// <summary>The bytes that are signed.</summary>
    public static byte[] SigningInput(ReadOnlySpan<byte> value, ReadOnlySpan<byte> salt, long sequence)
    {
        byte[] buffer = new byte[salt.Length + value.Length + 64];
        var writer = new KrpcWriter(buffer);
        if (!salt.IsEmpty)
            writer.String("salt"u8, salt);
        writer.Integer("seq"u8, sequence);
        writer.Key("v"u8);
        writer.Raw(value);
        return buffer[..writer.Length];
    }

    private static void ThrowIfTooLong(ReadOnlySpan<byte> value, ReadOnlySpan<byte> salt)
    {
        if (value.Length is 0 or > MaxValueBytes)
            throw new ArgumentException($"A value has 1 to {MaxValueBytes} bytes, not {value.Length}.", nameof(value));
        if (salt.Length > MaxSaltBytes)
            throw new ArgumentException($"A salt has at most {MaxSaltBytes} bytes, not {salt.Length}.", nameof(salt));
    }
}
