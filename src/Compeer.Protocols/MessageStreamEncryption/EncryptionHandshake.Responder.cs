using System.Buffers.Binary;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.MessageStreamEncryption;

public sealed partial class EncryptionHandshake
{
    private Func<Sha1Hash, Sha1Hash?> _find = _ => null;
    private byte[] _initial = [];

    /// <summary>Begins as the side that was dialled.</summary>
    /// <param name="options">Bounds, and the methods to accept.</param>
    /// <param name="find">Gives the swarm id for an <see cref="EncryptionKeys.RequestedKey"/>, or null when it is not here.</param>
    /// <param name="random">For the private key and the padding; unpredictable outside tests.</param>
    public static EncryptionHandshake Respond(EncryptionOptions options, Func<Sha1Hash, Sha1Hash?> find, Random random) =>
        new(options, random) { _find = find };

    private bool OnKeyOfInitiator()
    {
        WriteKey(_options.MaxAnswerPaddingBytes);
        _marker = EncryptionKeys.Marker(_secret).ToArray();
        return Go(Step.Marker);
    }

    private bool OnRequestedKey()
    {
        var masked = new Sha1Hash(_window.AsSpan(0, Sha1Hash.LengthBytes));
        if (_find(EncryptionKeys.Mask(masked, _secret)) is not { } infoHash)
            return Fail("it asks for a torrent that is not here");
        _infoHash = infoHash;
        _incoming = EncryptionKeys.OfInitiator(_secret, infoHash);
        _outgoing = EncryptionKeys.OfResponder(_secret, infoHash);
        return Go(Step.Offer);
    }

    private bool OnOffer()
    {
        if (_window.AsSpan(0, VerificationBytes).ContainsAnyExcept((byte)0))
            return Fail("its verification constant is wrong");
        var offered = (CryptoMethods)BinaryPrimitives.ReadUInt32BigEndian(_window.AsSpan(VerificationBytes)) & _options.Methods;
        _toSkip = BinaryPrimitives.ReadUInt16BigEndian(_window.AsSpan(VerificationBytes + 4));
        if (offered == CryptoMethods.None)
            return Fail("it offers no method that is accepted here");
        if (_toSkip > EncryptionOptions.LongestPaddingBytes)
            return Fail("its padding is longer than 512 bytes");
        _chosen = offered.HasFlag(_options.Preferred) ? _options.Preferred : offered.HasFlag(CryptoMethods.Rc4) ? CryptoMethods.Rc4 : CryptoMethods.Plaintext;
        return Go(Step.OfferPadding);
    }

    private bool OnInitialLength()
    {
        int length = BinaryPrimitives.ReadUInt16BigEndian(_window);
        if (length > _options.MaxInitialPayloadBytes)
            return Fail("its initial payload is too long");
        _initial = new byte[length];
        return Go(Step.InitialPayload);
    }

    private bool TryFillInitial(ref ReadOnlySpan<byte> data)
    {
        int taken = Math.Min(_initial.Length - _filled, data.Length);
        data[..taken].CopyTo(_initial.AsSpan(_filled));
        _filled += taken;
        data = data[taken..];
        return _filled == _initial.Length;
    }

    private bool OnInitialPayload()
    {
        _incoming!.Apply(_initial);
        int padding = PaddingLength(_options.MaxPaddingBytes);
        byte[] answer = new byte[VerificationBytes + 4 + 2 + padding];
        BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(VerificationBytes), (uint)_chosen);
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(VerificationBytes + 4), (ushort)padding);
        WriteEncrypted(answer);
        return Establish(_chosen, _initial);
    }
}
