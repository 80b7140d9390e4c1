using System.Buffers;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.MessageStreamEncryption;

/// <summary>
/// One side of an encrypted handshake: ends with a <see cref="Session"/> or with the reason in <see cref="Closed"/>.
/// Takes not one byte beyond the handshake. Knows no time: it has one answer to give, and its driver's deadline covers it.
/// </summary>
/// <remarks>
/// Spec: Message Stream Encryption, "handshake protocol". A initiates, B responds.
/// <code>
/// A -> B  | Ya (96) | PadA (0..512) |
/// B -> A  | Yb (96) | PadB (0..512) |
/// A -> B  | HASH('req1', S) (20) | HASH('req2', SKEY) ^ HASH('req3', S) (20) |
///         | RC4: VC (8) | crypto_provide (4) | len (2) | PadC | len (2) | IA |
/// B -> A  | RC4: VC (8) | crypto_select (4) | len (2) | PadD |
/// </code>
/// </remarks>
public sealed partial class EncryptionHandshake
{
    private const int VerificationBytes = 8;

    private readonly EncryptionOptions _options;
    private readonly Random _random;
    private readonly ArrayBufferWriter<byte> _output = new();
    private readonly byte[] _privateKey = new byte[DiffieHellman768.PrivateKeyBytes];
    private readonly byte[] _secret = new byte[DiffieHellman768.KeyBytes];
    private readonly byte[] _window = new byte[EncryptionOptions.LongestPaddingBytes + Sha1Hash.LengthBytes];
    private int _filled;
    private int _toSkip;
    private Step _step = Step.RemoteKey;
    private Sha1Hash _infoHash;
    private byte[] _marker = [];
    private Rc4? _incoming;
    private Rc4? _outgoing;

    private EncryptionHandshake(EncryptionOptions options, Random random)
    {
        _options = options;
        _random = random;
        _random.NextBytes(_privateKey);
    }

    /// <summary>In this order; each side leaves out those of the other.</summary>
    private enum Step
    {
        RemoteKey,
        Marker,
        RequestedKey,
        Offer,
        OfferPadding,
        InitialLength,
        InitialPayload,
        Choice,
        ChoicePadding,
        Ended,
    }

    /// <summary>The outcome, when the handshake is complete and nothing remains to be sent but what <see cref="TryTransmit"/> gives.</summary>
    public EncryptedSession? Session { get; private set; }

    /// <summary>Why it failed, as a clause about the remote; null while it has not.</summary>
    public string? Closed { get; private set; }

    /// <summary>The remote has sent a usable key: it very likely speaks this protocol.</summary>
    public bool HasRemoteKey { get; private set; }

    /// <summary>Takes what belongs to the handshake off the front of <paramref name="data"/>; what is left once there is a <see cref="Session"/> belongs to the stream.</summary>
    public void Receive(ref ReadOnlySpan<byte> data)
    {
        while (_step != Step.Ended && Advance(ref data))
        {
        }
    }

    /// <summary>Writes what is to be sent; false when there is nothing.</summary>
    public bool TryTransmit(IBufferWriter<byte> output)
    {
        if (_output.WrittenCount == 0)
            return false;
        output.Write(_output.WrittenSpan);
        _output.ResetWrittenCount();
        return true;
    }

    /// <summary>One step; false when it needs more bytes.</summary>
    private bool Advance(ref ReadOnlySpan<byte> data) => _step switch
    {
        Step.RemoteKey => TryFill(ref data, DiffieHellman768.KeyBytes) && OnRemoteKey(),
        Step.Marker => TrySynchronise(ref data) && OnMarker(),
        Step.RequestedKey => TryFill(ref data, Sha1Hash.LengthBytes) && OnRequestedKey(),
        Step.Offer => TryDecrypt(ref data, VerificationBytes + 4 + 2) && OnOffer(),
        Step.OfferPadding => TrySkip(ref data) && Go(Step.InitialLength),
        Step.InitialLength => TryDecrypt(ref data, 2) && OnInitialLength(),
        Step.InitialPayload => TryFillInitial(ref data) && OnInitialPayload(),
        Step.Choice => TryDecrypt(ref data, 4 + 2) && OnChoice(),
        Step.ChoicePadding => TrySkip(ref data) && Establish(_chosen, default),
        _ => false,
    };

    private bool OnRemoteKey()
    {
        if (!DiffieHellman768.TryAgree(_privateKey, _window.AsSpan(0, DiffieHellman768.KeyBytes), _secret))
            return Fail("its Diffie-Hellman key is degenerate");
        HasRemoteKey = true;
        return _isInitiator ? OnKeyOfResponder() : OnKeyOfInitiator();
    }

    private bool OnMarker() => Go(_isInitiator ? Step.Choice : Step.RequestedKey);

    private bool Establish(CryptoMethods method, ReadOnlyMemory<byte> initialPayload)
    {
        bool encrypted = method == CryptoMethods.Rc4;
        Session = new EncryptedSession(method, _infoHash, encrypted ? _incoming : null, encrypted ? _outgoing : null, initialPayload);
        return Go(Step.Ended);
    }

    private bool Fail(string reason)
    {
        Closed = reason;
        _output.ResetWrittenCount();
        return Go(Step.Ended);
    }

    private bool Go(Step step)
    {
        _step = step;
        _filled = 0;
        return true;
    }

    private bool TryFill(ref ReadOnlySpan<byte> data, int length)
    {
        int taken = Math.Min(length - _filled, data.Length);
        data[..taken].CopyTo(_window.AsSpan(_filled));
        _filled += taken;
        data = data[taken..];
        return _filled == length;
    }

    private bool TryDecrypt(ref ReadOnlySpan<byte> data, int length)
    {
        if (!TryFill(ref data, length))
            return false;
        _incoming!.Apply(_window.AsSpan(0, length));
        return true;
    }

    private bool TrySkip(ref ReadOnlySpan<byte> data)
    {
        int taken = Math.Min(_toSkip, data.Length);
        _incoming!.Skip(taken);
        _toSkip -= taken;
        data = data[taken..];
        return _toSkip == 0;
    }

    /// <summary>Looks for the marker behind at most 512 bytes of padding, and takes it.</summary>
    private bool TrySynchronise(ref ReadOnlySpan<byte> data)
    {
        int limit = EncryptionOptions.LongestPaddingBytes + _marker.Length;
        int before = _filled, from = Math.Max(0, before - _marker.Length + 1);
        int taken = Math.Min(limit - before, data.Length);
        data[..taken].CopyTo(_window.AsSpan(before));
        _filled += taken;
        int found = _window.AsSpan(from, _filled - from).IndexOf(_marker);
        if (found >= 0)
        {
            data = data[(from + found + _marker.Length - before)..];
            return true;
        }
        data = data[taken..];
        if (_filled == limit)
            Fail(_isInitiator ? "it does not know this torrent, or its padding has no end" : "it speaks neither BitTorrent nor its encryption");
        return false;
    }

    private void WriteKey(int maxPaddingBytes)
    {
        byte[] key = new byte[DiffieHellman768.KeyBytes + PaddingLength(maxPaddingBytes)];
        DiffieHellman768.PublicKey(_privateKey, key.AsSpan(0, DiffieHellman768.KeyBytes));
        _random.NextBytes(key.AsSpan(DiffieHellman768.KeyBytes));
        _output.Write(key);
    }

    private int PaddingLength(int max) => _random.Next(_options.MinPaddingBytes, max + 1);

    /// <summary>Appends to the output, encrypted.</summary>
    private void WriteEncrypted(ReadOnlySpan<byte> plain)
    {
        _outgoing!.Apply(plain, _output.GetSpan(plain.Length + 1));
        _output.Advance(plain.Length);
    }
}
