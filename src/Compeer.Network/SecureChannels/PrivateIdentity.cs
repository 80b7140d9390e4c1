using System.Buffers;
using System.Formats.Asn1;
using System.Numerics;
using System.Security.Cryptography;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;
using Compeer.Protocols.Identity;

namespace Compeer.Network.SecureChannels;

/// <summary>The secret half of a peer's key. New ones are Ed25519; those of other programs may be of any type. Thread-safe.</summary>
/// <remarks>Spec: libp2p/specs peer-ids, "Keys", for the encoding of private keys. Where a file keeps it: <see cref="IdentityFile"/>.</remarks>
public sealed class PrivateIdentity : ISigner
{
    private const int SeedBytes = 32;
    private const int TypeField = 1;
    private const int DataField = 2;

    private readonly byte[] _data;
    private LibCrypto.PublicKeyHandle? _signing;

    private PrivateIdentity(KeyType type, byte[] data, byte[] publicData)
    {
        _data = data;
        PublicKey = new PublicKey(type, publicData);
        PeerId = PeerId.FromPublicKey(PublicKey);
    }

    public PublicKey PublicKey { get; }

    /// <summary>The peer that this key makes.</summary>
    public PeerId PeerId { get; }

    /// <summary>A new Ed25519 key.</summary>
    public static PrivateIdentity Generate() => FromSeed(RandomNumberGenerator.GetBytes(SeedBytes));

    /// <summary>The Ed25519 key of a seed of 32 bytes.</summary>
    public static PrivateIdentity FromSeed(ReadOnlySpan<byte> seed)
    {
        var publicKey = new byte[SeedBytes];
        OpenSslEd25519.Instance.WritePublicKey(seed, publicKey);
        return new PrivateIdentity(KeyType.Ed25519, [.. seed, .. publicKey], publicKey);
    }

    /// <summary>Reads a key in libp2p's protobuf form, as go-libp2p, js-libp2p and kubo keep it.</summary>
    /// <exception cref="FormatException">It is no private key, or one whose halves do not fit each other.</exception>
    public static PrivateIdentity Import(ReadOnlySpan<byte> message)
    {
        ulong type = ulong.MaxValue;
        ReadOnlySpan<byte> data = default;
        var reader = new ProtobufReader(message);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType wire)
                || !(field == TypeField && wire == WireType.Varint ? reader.TryReadVarint(out type)
                    : field == DataField && wire == WireType.Bytes ? reader.TryReadBytes(out data) : reader.TrySkip(wire)))
                throw new FormatException("This is no private key of libp2p: it is cut or malformed.");
        }
        try
        {
            return type switch
            {
                (ulong)KeyType.Ed25519 => ImportEd25519(data),
                (ulong)KeyType.Secp256k1 => ImportSecp256k1(data),
                (ulong)KeyType.Ecdsa => ImportEcdsa(data),
                (ulong)KeyType.Rsa => ImportRsa(data),
                _ => throw new FormatException("This is no private key of libp2p: it lacks a known type."),
            };
        }
        catch (CryptographicException e)
        {
            throw new FormatException($"The private key of type {(KeyType)type} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>The key in libp2p's protobuf form. It is secret.</summary>
    public byte[] Export()
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ProtobufWriter(output);
        writer.WriteVarint(TypeField, (ulong)PublicKey.Type);
        writer.WriteBytes(DataField, _data);
        return output.WrittenSpan.ToArray();
    }

    public byte[] Sign(ReadOnlySpan<byte> message)
    {
        switch (PublicKey.Type)
        {
            case KeyType.Ed25519:
                var signature = new byte[64];
                OpenSslEd25519.Sign(LazyInitializer.EnsureInitialized(ref _signing, () => OpenSslEd25519.Private(_data.AsSpan(0, SeedBytes))), message, signature);
                return signature;
            case KeyType.Rsa:
                using (var rsa = RSA.Create())
                {
                    rsa.ImportRSAPrivateKey(_data, out _);
                    return rsa.SignData(message, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
                }
            case KeyType.Ecdsa:
                using (var ecdsa = ECDsa.Create())
                {
                    ecdsa.ImportECPrivateKey(_data, out _);
                    return ecdsa.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
                }
            default:
                using (ECDsa secp = Secp256k1(_data))
                    return Der(secp.SignData(message, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation));
        }
    }

    /// <summary>The peer's name; never the secret.</summary>
    public override string ToString() => PeerId.ToString();

    /// <summary>Seed and public key, in an old form the public key twice.</summary>
    private static PrivateIdentity ImportEd25519(ReadOnlySpan<byte> data)
    {
        if (data.Length is not (2 * SeedBytes or 3 * SeedBytes))
            throw new FormatException($"An Ed25519 private key has 64 bytes, not {data.Length}.");
        PrivateIdentity identity = FromSeed(data[..SeedBytes]);
        for (ReadOnlySpan<byte> rest = data[SeedBytes..]; !rest.IsEmpty; rest = rest[SeedBytes..])
        {
            if (!rest[..SeedBytes].SequenceEqual(identity.PublicKey.Data))
                throw new FormatException("The public half of the Ed25519 key does not belong to the private half.");
        }
        return identity;
    }

    private static PrivateIdentity ImportSecp256k1(ReadOnlySpan<byte> data)
    {
        if (data.Length != SeedBytes)
            throw new FormatException($"A secp256k1 private key has 32 bytes, not {data.Length}.");
        using ECDsa key = Secp256k1(data);
        return new PrivateIdentity(KeyType.Secp256k1, data.ToArray(), Secp256k1Point.Compress(key.ExportParameters(includePrivateParameters: false).Q));
    }

    private static PrivateIdentity ImportEcdsa(ReadOnlySpan<byte> data)
    {
        using var key = ECDsa.Create();
        key.ImportECPrivateKey(data, out _);
        return new PrivateIdentity(KeyType.Ecdsa, data.ToArray(), key.ExportSubjectPublicKeyInfo());
    }

    private static PrivateIdentity ImportRsa(ReadOnlySpan<byte> data)
    {
        using var key = RSA.Create();
        key.ImportRSAPrivateKey(data, out _);
        if (key.KeySize is < OpenSslKeys.MinRsaBits or > OpenSslKeys.MaxRsaBits)
            throw new FormatException($"The RSA key has {key.KeySize} bits; peers accept {OpenSslKeys.MinRsaBits} to {OpenSslKeys.MaxRsaBits}.");
        return new PrivateIdentity(KeyType.Rsa, data.ToArray(), key.ExportSubjectPublicKeyInfo());
    }

    private static ECDsa Secp256k1(ReadOnlySpan<byte> secret) => ECDsa.Create(new ECParameters { Curve = Secp256k1Point.Curve, D = secret.ToArray() });

    /// <summary>The DER form of (r, s), s made low.</summary>
    private static byte[] Der(byte[] signature)
    {
        Secp256k1Point.LowerS(signature);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            writer.WriteInteger(new BigInteger(signature.AsSpan(0, 32), isUnsigned: true, isBigEndian: true));
            writer.WriteInteger(new BigInteger(signature.AsSpan(32), isUnsigned: true, isBigEndian: true));
        }
        return writer.Encode();
    }
}
