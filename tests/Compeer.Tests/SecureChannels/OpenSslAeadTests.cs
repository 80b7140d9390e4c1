using System.Security.Cryptography;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Sealing;

namespace Compeer.Tests.SecureChannels;

/// <summary>What libcrypto seals, .NET's own classes open, and the other way round.</summary>
public sealed class OpenSslAeadTests
{
    private static readonly int[] Lengths = [0, 1, 15, 16, 17, 63, 64, 65, 255, 256, 257, 4095, 16_384, 65_519];

    private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(IAead.NonceBytes);

    public static TheoryData<AeadAlgorithm, int> Keys => new()
    {
        { AeadAlgorithm.AesGcm, 16 },
        { AeadAlgorithm.AesGcm, 32 },
        { AeadAlgorithm.ChaCha20Poly1305, 32 },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public void It_seals_and_opens_as_others_do(AeadAlgorithm algorithm, int keyBytes)
    {
        byte[] key = RandomNumberGenerator.GetBytes(keyBytes);
        using IAead aead = OpenSslAead.Create(algorithm, key);
        foreach (int length in Lengths)
        {
            foreach (int endingBytes in (int[])[0, 1, 17])
            {
                byte[] content = RandomNumberGenerator.GetBytes(length);
                byte[] ending = RandomNumberGenerator.GetBytes(endingBytes);
                byte[] associated = RandomNumberGenerator.GetBytes(endingBytes == 17 ? 0 : 5);
                byte[] message = new byte[length + endingBytes + IAead.TagBytes];
                aead.Seal(_nonce, associated, content, ending, message);
                byte[] plaintext = [.. content, .. ending];
                Assert.Equal(SealedByOthers(algorithm, key, associated, plaintext), message);
                byte[] apart = new byte[plaintext.Length];
                Assert.True(aead.TryOpen(_nonce, associated, message, apart));
                Assert.Equal(plaintext, apart);
                Assert.True(aead.TryOpen(_nonce, associated, message, message.AsSpan(0, plaintext.Length)));
                Assert.Equal(plaintext, message[..plaintext.Length]);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void Nothing_forged_opens_and_what_follows_does(AeadAlgorithm algorithm, int keyBytes)
    {
        using IAead aead = OpenSslAead.Create(algorithm, new byte[keyBytes]);
        byte[] message = new byte[40 + IAead.TagBytes];
        aead.Seal(_nonce, [1], new byte[40], [], message);
        byte[] target = new byte[40];
        for (int bit = 0; bit < message.Length * 8; bit++)
        {
            byte[] forged = [.. message];
            forged[bit / 8] ^= (byte)(1 << (bit % 8));
            target.AsSpan().Fill(7);
            Assert.False(aead.TryOpen(_nonce, [1], forged, target));
            Assert.Equal(new byte[40], target);
        }
        Assert.False(aead.TryOpen(_nonce, [2], message, target));
        Assert.False(aead.TryOpen(_nonce, [], message, target));
        Assert.False(aead.TryOpen(new byte[IAead.NonceBytes], [1], message, target));
        Assert.True(aead.TryOpen(_nonce, [1], message, target));
    }

    [Fact]
    public void Lengths_that_cannot_be_right_are_refused()
    {
        Assert.Throws<ArgumentException>(() => OpenSslAead.Create(AeadAlgorithm.AesGcm, new byte[24]));
        Assert.Throws<ArgumentException>(() => OpenSslAead.Create(AeadAlgorithm.ChaCha20Poly1305, new byte[16]));
        using IAead aead = OpenSslAead.Create(AeadAlgorithm.AesGcm, new byte[16]);
        Assert.Throws<ArgumentException>(() => aead.Seal(_nonce, [], new byte[3], [], new byte[3 + IAead.TagBytes + 1]));
        Assert.Throws<ArgumentException>(() => aead.Seal(new byte[11], [], new byte[3], [], new byte[3 + IAead.TagBytes]));
        Assert.Throws<ArgumentException>(() => aead.TryOpen(_nonce, [], new byte[IAead.TagBytes - 1], []));
        Assert.Throws<ArgumentException>(() => aead.TryOpen(new byte[13], [], new byte[IAead.TagBytes], []));
    }

    private byte[] SealedByOthers(AeadAlgorithm algorithm, byte[] key, byte[] associated, byte[] plaintext)
    {
        byte[] message = new byte[plaintext.Length + IAead.TagBytes];
        Span<byte> sealedPart = message.AsSpan(0, plaintext.Length), tag = message.AsSpan(plaintext.Length);
        if (algorithm == AeadAlgorithm.AesGcm)
        {
            using var aes = new AesGcm(key, IAead.TagBytes);
            aes.Encrypt(_nonce, plaintext, sealedPart, tag, associated);
        }
        else
        {
            using var chaCha = new ChaCha20Poly1305(key);
            chaCha.Encrypt(_nonce, plaintext, sealedPart, tag, associated);
        }
        return message;
    }
}
