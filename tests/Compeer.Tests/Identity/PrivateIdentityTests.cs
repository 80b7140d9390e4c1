using System.Security.Cryptography;
using Compeer.Formats.Multiformats;
using Compeer.Network.SecureChannels;

namespace Compeer.Tests.Identity;

public sealed class PrivateIdentityTests
{
    private static readonly Lazy<Dictionary<string, PrivateIdentity>> Published = new(() => VectorLines.Read("libp2p-peer-ids", "keys.txt")
        .Where(l => l[1] == "private").ToDictionary(l => l[0], l => PrivateIdentity.Import(Convert.FromHexString(l[2]))));

    [Theory]
    [InlineData("ed25519")]
    [InlineData("secp256k1")]
    [InlineData("ecdsa")]
    [InlineData("rsa")]
    public void Published_keys_of_every_type_sign_and_are_verified(string type)
    {
        PrivateIdentity identity = Published.Value[type];
        string[] line = VectorLines.Read("libp2p-peer-ids", "keys.txt").Single(l => l[0] == type && l[1] == "public");
        Assert.Equal(line[2], Convert.ToHexStringLower(identity.PublicKey.ToBytes()));
        byte[] message = "message"u8.ToArray();
        for (int i = 0; i < 4; i++) // s of secp256k1 is high every other time
        {
            byte[] signature = identity.Sign(message);
            Assert.True(OpenSslKeys.Instance.Verify(identity.PublicKey, message, signature));
            Assert.False(OpenSslKeys.Instance.Verify(identity.PublicKey, "massage"u8, signature));
            signature[^3] ^= 4;
            Assert.False(OpenSslKeys.Instance.Verify(identity.PublicKey, message, signature));
        }
        Assert.False(OpenSslKeys.Instance.Verify(identity.PublicKey, message, []));
        Assert.False(OpenSslKeys.Instance.Verify(identity.PublicKey, message, new byte[5000]));
        Assert.DoesNotContain(Convert.ToHexStringLower(identity.Export()), identity.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Published_private_keys_are_written_as_they_were_read()
    {
        foreach (string[] line in VectorLines.Read("libp2p-peer-ids", "keys.txt").Where(l => l[1] == "private"))
            Assert.Equal(line[2], Convert.ToHexStringLower(Published.Value[line[0]].Export()));
    }

    [Fact]
    public void The_old_form_of_ed25519_is_read_where_its_halves_agree()
    {
        byte[] data = PrivateIdentity.Generate().Export()[4..];
        byte[] old = [8, 1, 0x12, 96, .. data, .. data[32..]];
        Assert.Equal(data, PrivateIdentity.Import(old).Export()[4..]);
        old[^1] ^= 1;
        Assert.Throws<FormatException>(() => PrivateIdentity.Import(old));
        data[40] ^= 1;
        Assert.Throws<FormatException>(() => PrivateIdentity.Import([8, 1, 0x12, 64, .. data]));
    }

    [Fact]
    public void Cut_keys_are_refused_with_a_reason()
    {
        byte[] message = PrivateIdentity.Generate().Export();
        for (int length = 0; length < message.Length; length++)
            Assert.Throws<FormatException>(() => PrivateIdentity.Import(message.AsSpan(0, length)));
        Assert.Throws<FormatException>(() => PrivateIdentity.Import([8, 9, 0x12, 1, 0]));
        Assert.Throws<FormatException>(() => PrivateIdentity.Import([8, 3, 0x12, 2, 0x30, 0]));
        Assert.Throws<FormatException>(() => PrivateIdentity.Import([8, 2, 0x12, 32, .. new byte[32]]));
    }

    [Fact]
    public void Small_and_huge_rsa_keys_verify_nothing()
    {
        using var small = RSA.Create(1024);
        var key = new PublicKey(KeyType.Rsa, small.ExportSubjectPublicKeyInfo());
        Assert.False(OpenSslKeys.Instance.Verify(key, "m"u8, small.SignData("m"u8, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)));
        // A modulus of 9,000 bits that nobody knows the factors of; it must be refused for its size.
        var modulus = new byte[1125];
        modulus.AsSpan().Fill(0xff);
        using var huge = RSA.Create(new RSAParameters { Modulus = modulus, Exponent = [1, 0, 1] });
        Assert.False(OpenSslKeys.Instance.Verify(new PublicKey(KeyType.Rsa, huge.ExportSubjectPublicKeyInfo()), "m"u8, new byte[1024]));
        Assert.Throws<FormatException>(() => PrivateIdentity.Import([8, 0, 0x12, .. Varint(small.ExportRSAPrivateKey().Length), .. small.ExportRSAPrivateKey()]));
    }

    [Fact]
    public void Keys_that_are_none_verify_nothing()
    {
        byte[] signature = new byte[64];
        Assert.False(OpenSslKeys.Instance.Verify(new PublicKey(KeyType.Rsa, [1, 2, 3]), [], signature));
        Assert.False(OpenSslKeys.Instance.Verify(new PublicKey(KeyType.Ecdsa, [1, 2, 3]), [], signature));
        Assert.False(OpenSslKeys.Instance.Verify(new PublicKey(KeyType.Secp256k1, new byte[33]), [], signature));
        byte[] off = new byte[33];
        (off[0], off[^1]) = (2, 5); // x = 5 is on no point of the curve
        Assert.False(OpenSslKeys.Instance.Verify(new PublicKey(KeyType.Secp256k1, off), [], signature));
        using var secp = ECDsa.Create(ECCurve.CreateFromValue("1.3.132.0.10"));
        var wrongCurve = new PublicKey(KeyType.Ecdsa, secp.ExportSubjectPublicKeyInfo());
        Assert.False(OpenSslKeys.Instance.Verify(wrongCurve, "m"u8, secp.SignData("m"u8, HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence)));
    }

    private static byte[] Varint(int value)
    {
        byte[] bytes = new byte[UnsignedVarint.LengthOf((ulong)value)];
        UnsignedVarint.Write(bytes, (ulong)value);
        return bytes;
    }
}
