using System.Buffers;
using System.Buffers.Binary;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.MessageStreamEncryption;

public sealed partial class EncryptionHandshake
{
    private bool _isInitiator;
    private byte[] _initialPayload = [];
    private CryptoMethods _chosen;

    /// <summary>Begins as the side that dialled.</summary>
    /// <param name="options">Bounds, and the methods to offer.</param>
    /// <param name="infoHash">The swarm id that is asked for; the remote must have it.</param>
    /// <param name="initialPayload">The first bytes of the stream, sent within the handshake to save a round trip; at most 65535.</param>
    /// <param name="random">For the private key and the padding; unpredictable outside tests.</param>
    /// <exception cref="ArgumentException">The initial payload is too long.</exception>
    public static EncryptionHandshake Initiate(EncryptionOptions options, Sha1Hash infoHash, ReadOnlySpan<byte> initialPayload, Random random)
    {
        if (initialPayload.Length > ushort.MaxValue)
            throw new ArgumentException("An initial payload has at most 65535 bytes.", nameof(initialPayload));
        var handshake = new EncryptionHandshake(options, random)
        {
            _isInitiator = true, _infoHash = infoHash, _initialPayload = initialPayload.ToArray(),
        };
        handshake.WriteKey(options.MaxPaddingBytes);
        return handshake;
    }

    private bool OnKeyOfResponder()
    {
        _outgoing = EncryptionKeys.OfInitiator(_secret, _infoHash);
        _incoming = EncryptionKeys.OfResponder(_secret, _infoHash);
        _output.Write(EncryptionKeys.Marker(_secret).AsSpan());
        _output.Write(EncryptionKeys.Mask(EncryptionKeys.RequestedKey(_infoHash), _secret).AsSpan());
        int padding = PaddingLength(_options.MaxPaddingBytes);
        byte[] offer = new byte[VerificationBytes + 4 + 2 + padding + 2 + _initialPayload.Length];
        Span<byte> rest = offer.AsSpan(VerificationBytes);
        BinaryPrimitives.WriteUInt32BigEndian(rest, (uint)_options.Methods);
        BinaryPrimitives.WriteUInt16BigEndian(rest[4..], (ushort)padding);
        BinaryPrimitives.WriteUInt16BigEndian(rest[(6 + padding)..], (ushort)_initialPayload.Length);
        _initialPayload.CopyTo(rest[(8 + padding)..]);
        WriteEncrypted(offer);
        // The verification constant is all zeros, so what comes is the key stream itself.
        _marker = new byte[VerificationBytes];
        _incoming.Apply(_marker);
        return Go(Step.Marker);
    }

    private bool OnChoice()
    {
        _chosen = (CryptoMethods)BinaryPrimitives.ReadUInt32BigEndian(_window);
        _toSkip = BinaryPrimitives.ReadUInt16BigEndian(_window.AsSpan(4));
        if (_chosen is not (CryptoMethods.Plaintext or CryptoMethods.Rc4) || !_options.Methods.HasFlag(_chosen))
            return Fail("it chose a method that was not offered");
        if (_toSkip > EncryptionOptions.LongestPaddingBytes)
            return Fail("its padding is longer than 512 bytes");
        return Go(Step.ChoicePadding);
    }
}
