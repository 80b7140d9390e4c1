using System.Buffers.Binary;
using Compeer.Network.Connections;
using Compeer.Protocols.Noise;

namespace Compeer.Network.SecureChannels;

/// <summary>A stream over Noise.</summary>
/// <remarks>Spec: libp2p/specs noise, "Wire Format".</remarks>
internal sealed class NoisePeerStream : SealedPeerStream
{
    private readonly NoiseCipher _sending;
    private readonly NoiseCipher _receiving;

    public NoisePeerStream(PeerStream inner, NoiseCipher sending, NoiseCipher receiving, ReadOnlySpan<byte> early)
        : base(inner)
    {
        (_sending, _receiving) = (sending, receiving);
        Prepend(early);
    }

    protected override int HeaderBytes => NoiseCipher.LengthBytes;

    /// <summary>Four frames: 256 KiB less 72 bytes.</summary>
    protected override int MaxSendBytes => BufferBytes - (4 * NoiseCipher.OverheadBytes);

    protected override int FrameBytes(ReadOnlySpan<byte> data) =>
        data.Length < NoiseCipher.LengthBytes ? 0 : NoiseCipher.LengthBytes + BinaryPrimitives.ReadUInt16BigEndian(data);

    protected override int InnerBytes(ReadOnlySpan<byte> frame) => frame.Length - NoiseCipher.OverheadBytes;

    protected override bool TryOpen(ReadOnlySpan<byte> frame, Span<byte> target, out int content)
    {
        content = target.Length;
        return _receiving.TryDecrypt(frame[NoiseCipher.LengthBytes..], target);
    }

    protected override int SealedBytes(int dataBytes) =>
        dataBytes + ((dataBytes + NoiseCipher.MaxPlaintextBytes - 1) / NoiseCipher.MaxPlaintextBytes * NoiseCipher.OverheadBytes);

    protected override int Seal(ReadOnlySpan<byte> data, Span<byte> target)
    {
        int length = 0;
        for (; !data.IsEmpty; data = data[Math.Min(data.Length, NoiseCipher.MaxPlaintextBytes)..])
            length += _sending.WriteFrame(data[..Math.Min(data.Length, NoiseCipher.MaxPlaintextBytes)], target[length..]);
        return length;
    }
}
