using System.Numerics;
using Compeer.Network.SecureChannels;

namespace Compeer.Tests.SecureChannels;

/// <summary>RFC 8032, section 7.1.</summary>
public sealed class Ed25519Tests
{
    [Theory]
    [InlineData(
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData(
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void Keys_and_signatures_are_those_of_the_specification(string secret, string expectedKey, string message, string expectedSignature)
    {
        byte[] publicKey = new byte[32];
        byte[] signature = new byte[64];
        OpenSslEd25519.Instance.WritePublicKey(Convert.FromHexString(secret), publicKey);
        OpenSslEd25519.Instance.Sign(Convert.FromHexString(secret), Convert.FromHexString(message), signature);
        Assert.Equal(expectedKey, Convert.ToHexStringLower(publicKey));
        Assert.Equal(expectedSignature, Convert.ToHexStringLower(signature));
        Assert.True(OpenSslEd25519.Instance.Verify(publicKey, Convert.FromHexString(message), signature));
        for (int bit = 0; bit < 512; bit += 7)
        {
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(OpenSslEd25519.Instance.Verify(publicKey, Convert.FromHexString(message), signature));
            signature[bit / 8] ^= (byte)(1 << (bit % 8));
        }
    }

    [Fact]
    public void Other_lengths_are_refused()
    {
        Assert.False(OpenSslEd25519.Instance.Verify(new byte[31], [], new byte[64]));
        Assert.False(OpenSslEd25519.Instance.Verify(new byte[32], [], new byte[63]));
        Assert.Throws<ArgumentException>(() => OpenSslEd25519.Instance.WritePublicKey(new byte[33], new byte[32]));
    }

    /// <summary>S and S + L satisfy the same equation; RFC 8032, section 5.1.7, takes the smaller one alone, or anybody could make a second signature of a first.</summary>
    [Fact]
    public void A_signature_has_one_form()
    {
        byte[] secret = [.. Enumerable.Range(1, 32).Select(i => (byte)i)];
        byte[] publicKey = new byte[32];
        byte[] signature = new byte[64];
        OpenSslEd25519.Instance.WritePublicKey(secret, publicKey);
        OpenSslEd25519.Instance.Sign(secret, "message"u8, signature);
        BigInteger order = BigInteger.Pow(2, 252) + BigInteger.Parse("27742317777372353535851937790883648493", null);
        var s = new BigInteger(signature.AsSpan(32), isUnsigned: true);
        for (BigInteger other = s + order; other.GetByteCount(isUnsigned: true) <= 32; other += order)
        {
            byte[] malleated = [.. signature[..32], .. other.ToByteArray(isUnsigned: true), .. new byte[32 - other.GetByteCount(isUnsigned: true)]];
            Assert.False(OpenSslEd25519.Instance.Verify(publicKey, "message"u8, malleated));
        }
        Assert.True(s < order);
    }

    [Fact]
    public void What_is_no_signature_is_refused()
    {
        byte[] secret = new byte[32];
        byte[] publicKey = new byte[32];
        byte[] signature = new byte[64];
        OpenSslEd25519.Instance.WritePublicKey(secret, publicKey);
        OpenSslEd25519.Instance.Sign(secret, "message"u8, signature);
        byte[] all = [.. Enumerable.Repeat((byte)0xff, 64)];
        byte[][] wrong =
        [
            [], new byte[64], all, signature[..63], [.. signature, 0], [.. signature[32..], .. signature[..32]], [.. signature[..32], .. new byte[32]],
            [.. new byte[32], .. signature[32..]], [.. all[..32], .. signature[32..]], [.. signature[..32], .. all[..32]],
        ];
        Assert.All(wrong, bytes => Assert.False(OpenSslEd25519.Instance.Verify(publicKey, "message"u8, bytes)));
        Assert.False(OpenSslEd25519.Instance.Verify(publicKey, "massage"u8, signature));
        Assert.False(OpenSslEd25519.Instance.Verify(all.AsSpan(0, 32), "message"u8, signature)); // not on the curve
    }
}
