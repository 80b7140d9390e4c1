using Compeer.Formats.Hashing;

namespace Compeer.Protocols.MessageStreamEncryption;

/// <summary>The hashes of message stream encryption.</summary>
/// <remarks>Spec: Message Stream Encryption, "HASH()", "SKEY", "keyA", "keyB".</remarks>
public static class EncryptionKeys
{
    private const int DroppedBytes = 1024;

    /// <summary>
    /// HASH('req2', SKEY): what a responder sees of the info-hash that is asked for. A table from it to the info-hash finds
    /// the torrent in one step, however many there are.
    /// </summary>
    public static Sha1Hash RequestedKey(Sha1Hash infoHash) => Hash("req2"u8, infoHash.AsSpan());

    /// <summary>HASH('req1', S): where the initiator's padding ends.</summary>
    internal static Sha1Hash Marker(ReadOnlySpan<byte> secret) => Hash("req1"u8, secret);

    /// <summary>Hides and reveals the requested key: exclusive or with HASH('req3', S).</summary>
    internal static Sha1Hash Mask(Sha1Hash value, ReadOnlySpan<byte> secret)
    {
        Sha1Hash mask = Hash("req3"u8, secret);
        Span<byte> masked = stackalloc byte[Sha1Hash.LengthBytes];
        for (int n = 0; n < masked.Length; n++)
            masked[n] = (byte)(value.AsSpan()[n] ^ mask.AsSpan()[n]);
        return new Sha1Hash(masked);
    }

    /// <summary>The cipher of what the initiator sends.</summary>
    internal static Rc4 OfInitiator(ReadOnlySpan<byte> secret, Sha1Hash infoHash) => Cipher("keyA"u8, secret, infoHash);

    /// <summary>The cipher of what the responder sends.</summary>
    internal static Rc4 OfResponder(ReadOnlySpan<byte> secret, Sha1Hash infoHash) => Cipher("keyB"u8, secret, infoHash);

    private static Rc4 Cipher(ReadOnlySpan<byte> name, ReadOnlySpan<byte> secret, Sha1Hash infoHash)
    {
        Span<byte> material = stackalloc byte[4 + DiffieHellman768.KeyBytes + Sha1Hash.LengthBytes];
        name.CopyTo(material);
        secret.CopyTo(material[4..]);
        infoHash.AsSpan().CopyTo(material[^Sha1Hash.LengthBytes..]);
        var cipher = new Rc4(Sha1Hash.Of(material).AsSpan());
        cipher.Skip(DroppedBytes);
        return cipher;
    }

    private static Sha1Hash Hash(ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        Span<byte> material = stackalloc byte[4 + DiffieHellman768.KeyBytes];
        name.CopyTo(material);
        value.CopyTo(material[4..]);
        return Sha1Hash.Of(material[..(4 + value.Length)]);
    }
}
