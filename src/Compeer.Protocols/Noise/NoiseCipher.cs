using System.Buffers.Binary;
using Compeer.Protocols.Sealing;

namespace Compeer.Protocols.Noise;

/// <summary>
/// One direction of a Noise connection: its key and the number of the next message. Allocates nothing per message.
/// After a message that does not decrypt, nothing more may be decrypted: the stream has lost its place.
/// </summary>
/// <remarks>
/// Spec: Noise, section 5.1 and 12.3 (ChaChaPoly). A frame on the wire, lengths in bytes:
/// <code>
/// | length: 2, big-endian | ciphertext: length - 16 | tag: 16 |
/// </code>
/// </remarks>
public sealed class NoiseCipher : IDisposable
{
    /// <summary>Length of a key.</summary>
    public const int KeyBytes = 32;

    /// <summary>Length of a message's tag.</summary>
    public const int TagBytes = IAead.TagBytes;

    /// <summary>Length of what precedes a message.</summary>
    public const int LengthBytes = 2;

    /// <summary>Longest message, its tag included.</summary>
    public const int MaxMessageBytes = ushort.MaxValue;

    /// <summary>Most content that one message carries.</summary>
    public const int MaxPlaintextBytes = MaxMessageBytes - TagBytes;

    /// <summary>What a frame is longer than its content.</summary>
    public const int OverheadBytes = LengthBytes + TagBytes;

    private readonly IAead _aead;
    private ulong _nonce;

    /// <summary>Copies a key of 32 bytes.</summary>
    public NoiseCipher(AeadFactory aeads, ReadOnlySpan<byte> key) => _aead = aeads(AeadAlgorithm.ChaCha20Poly1305, key);

    /// <summary>Writes content as one frame and gives the frame's length.</summary>
    /// <exception cref="ArgumentException">Too much for one frame, or too little room for it.</exception>
    public int WriteFrame(ReadOnlySpan<byte> plaintext, Span<byte> frame)
    {
        if (plaintext.Length > MaxPlaintextBytes || frame.Length < plaintext.Length + OverheadBytes)
            throw new ArgumentException($"{plaintext.Length} bytes do not fit a frame of {frame.Length}.", nameof(plaintext));
        int length = plaintext.Length + TagBytes;
        BinaryPrimitives.WriteUInt16BigEndian(frame, (ushort)length);
        Encrypt(plaintext, frame.Slice(LengthBytes, length), default);
        return LengthBytes + length;
    }

    /// <summary>Encrypts into a span that is 16 bytes longer than the content.</summary>
    internal void Encrypt(ReadOnlySpan<byte> plaintext, Span<byte> message, ReadOnlySpan<byte> associatedData)
    {
        Span<byte> nonce = stackalloc byte[IAead.NonceBytes];
        WriteNonce(nonce);
        _aead.Seal(nonce, associatedData, plaintext, [], message);
        _nonce++;
    }

    /// <summary>Decrypts a message without its length into a target of exactly its length less 16, which may be where the message lies.</summary>
    public bool TryDecrypt(ReadOnlySpan<byte> message, Span<byte> plaintext) => TryDecrypt(message, plaintext, default);

    internal bool TryDecrypt(ReadOnlySpan<byte> message, Span<byte> plaintext, ReadOnlySpan<byte> associatedData)
    {
        if (message.Length < TagBytes)
            return false;
        Span<byte> nonce = stackalloc byte[IAead.NonceBytes];
        WriteNonce(nonce);
        if (!_aead.TryOpen(nonce, associatedData, message, plaintext))
            return false;
        _nonce++;
        return true;
    }

    public void Dispose() => _aead.Dispose();

    /// <summary>Four zeros and the message's number. The last number is never used; at a million messages a second it comes after 500,000 years.</summary>
    private void WriteNonce(Span<byte> nonce)
    {
        if (_nonce == ulong.MaxValue)
            throw new InvalidOperationException("All numbers of messages are used.");
        nonce[..4].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(nonce[4..], _nonce);
    }
}
