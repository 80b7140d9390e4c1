using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Multiformats;
using Compeer.Protocols.Identity;

namespace Compeer.Protocols.Noise;

/// <summary>The handshake of /noise: framed messages of XX whose payloads carry the peers' identities and muxers. Not thread-safe.</summary>
/// <remarks>
/// Spec: libp2p/specs noise; connections/inlined-muxer-negotiation. Holds at most one message of <see cref="MaxMessageBytes"/>. It has no
/// time of its own: whoever drives it bounds how long it may take.
/// </remarks>
public sealed class NoiseHandshake : IDisposable
{
    /// <summary>Longest message that is read; those of the largest keys have some 3 KiB.</summary>
    public const int MaxMessageBytes = 16 * 1024;

    private readonly NoiseStaticKey _key;
    private readonly ISignatures _signatures;
    private readonly IReadOnlyList<string> _muxers;
    private readonly PeerId? _expected;
    private readonly NoiseXx _xx;
    private readonly ArrayBufferWriter<byte> _received = new();
    private NoisePayload? _remote;
    private NoiseEvent? _event;

    /// <summary>Begins a handshake.</summary>
    /// <param name="key">Our identity.</param>
    /// <param name="isInitiator">Whether we dialled.</param>
    /// <param name="ephemeralKey">Fresh random 32 bytes.</param>
    /// <param name="signatures">Checks the remote's signature.</param>
    /// <param name="muxers">Ours, the preferred first; empty to say none.</param>
    /// <param name="expected">The only peer that is accepted, or null for any.</param>
    /// <param name="prologue">What both sides must hold for the same; empty but for WebRTC.</param>
    public NoiseHandshake(
        NoiseStaticKey key, bool isInitiator, ReadOnlySpan<byte> ephemeralKey, ISignatures signatures,
        IReadOnlyList<string> muxers, PeerId? expected = null, ReadOnlySpan<byte> prologue = default)
    {
        _key = key;
        _signatures = signatures;
        _muxers = muxers;
        _expected = expected;
        _xx = new NoiseXx(key.X25519, key.Aeads, isInitiator, key.Secret, ephemeralKey, prologue);
    }

    /// <summary>Whether the handshake completed or failed.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Takes what was received and gives how much of it belonged to the handshake; what is left is of the encrypted stream.</summary>
    public int Receive(ReadOnlySpan<byte> data)
    {
        int consumed = 0;
        while (!HasEnded && !_xx.IsOurTurn && consumed < data.Length)
        {
            int needed = _received.WrittenCount < NoiseCipher.LengthBytes
                ? NoiseCipher.LengthBytes
                : NoiseCipher.LengthBytes + BinaryPrimitives.ReadUInt16BigEndian(_received.WrittenSpan);
            int taken = Math.Min(needed - _received.WrittenCount, data.Length - consumed);
            _received.Write(data.Slice(consumed, taken));
            consumed += taken;
            if (_received.WrittenCount < NoiseCipher.LengthBytes)
                continue;
            int length = BinaryPrimitives.ReadUInt16BigEndian(_received.WrittenSpan);
            if (length > MaxMessageBytes)
                Close($"A message of the handshake has {length} bytes; more than {MaxMessageBytes} are not taken.");
            else if (_received.WrittenCount == NoiseCipher.LengthBytes + length)
                ReadMessage();
        }
        return consumed;
    }

    /// <summary>Writes our next message, if it is our turn.</summary>
    public bool TryTransmit(IBufferWriter<byte> output)
    {
        if (HasEnded || !_xx.IsOurTurn)
            return false;
        byte[] payload = _xx.Done == 0 ? [] : new NoisePayload(_key.Identity, _key.Signature, _muxers).ToBytes();
        var message = new ArrayBufferWriter<byte>(payload.Length + 128);
        if (!_xx.TryWrite(payload, message))
        {
            Close("The remote's keys are of low order.");
            return false;
        }
        BinaryPrimitives.WriteUInt16BigEndian(output.GetSpan(NoiseCipher.LengthBytes), (ushort)message.WrittenCount);
        output.Advance(NoiseCipher.LengthBytes);
        output.Write(message.WrittenSpan);
        CompleteIfDone();
        return true;
    }

    /// <summary>How the handshake ended, told once.</summary>
    public bool TryTakeEvent([NotNullWhen(true)] out NoiseEvent? taken)
    {
        taken = _event;
        _event = null;
        return taken is not null;
    }

    /// <summary>Clears the secrets, and the ciphers where nobody took them.</summary>
    public void Dispose()
    {
        _xx.Dispose();
        if (_event is NoiseEvent.Completed completed)
        {
            completed.Sending.Dispose();
            completed.Receiving.Dispose();
        }
    }

    private void ReadMessage()
    {
        bool isFirst = _xx.Done == 0;
        if (!_xx.TryRead(_received.WrittenSpan[NoiseCipher.LengthBytes..], out byte[] payload))
            Close("A message of the handshake is forged, cut, or for somebody else.");
        else if (!isFirst)
            Authenticate(payload);
        _received.ResetWrittenCount();
        CompleteIfDone();
    }

    private void Authenticate(byte[] payload)
    {
        _remote = NoisePayload.Decode(payload);
        if (_remote is null)
        {
            Close("The remote did not say who it is.");
            return;
        }
        var id = PeerId.FromPublicKey(_remote.Key);
        if (_expected is { } expected && expected != id)
            Close($"The peer that answered is {id}, not {expected}.");
        else if (!_signatures.Verify(_remote.Key, NoisePayload.Signed(_xx.RemoteStaticKey), _remote.Signature.Span))
            Close($"The signature is not that of {id}.");
        else if (_muxers.Count > 0 && _remote.Muxers.Count > 0 && CommonMuxer(_remote.Muxers) is null)
            Close($"{id} has no muxer that we have.");
    }

    private void CompleteIfDone()
    {
        if (HasEnded || _xx.Done < NoiseXx.Messages || _remote is null)
            return;
        HasEnded = true;
        (NoiseCipher sending, NoiseCipher receiving) = _xx.Split();
        _event = new NoiseEvent.Completed(_remote.Key, CommonMuxer(_remote.Muxers), sending, receiving);
    }

    /// <summary>The first of the initiator's muxers that the responder has too.</summary>
    private string? CommonMuxer(IReadOnlyList<string> theirs) =>
        _xx.IsInitiator ? _muxers.FirstOrDefault(theirs.Contains) : theirs.FirstOrDefault(_muxers.Contains);

    private void Close(string reason)
    {
        HasEnded = true;
        _event = new NoiseEvent.Closed(reason);
    }
}
