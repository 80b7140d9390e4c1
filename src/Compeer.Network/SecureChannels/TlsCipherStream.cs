using Compeer.Network.Connections;
using Compeer.Protocols.Tls;

namespace Compeer.Network.SecureChannels;

/// <summary>A stream over TLS 1.3 after a handshake of OpenSSL. Its frames are records.</summary>
/// <remarks>Spec: RFC 8446, section 5. The raw stream's end between two records is taken for close_notify: Yamux ends what it carries by itself.</remarks>
internal sealed class TlsCipherStream(PeerStream inner, TlsSender sender, TlsReceiver receiver) : SealedPeerStream(inner)
{
    private bool _hasEnded;

    // Set by whoever receives, taken by whoever sends.
    private int _isUpdateDue;

    protected override int HeaderBytes => TlsRecordCipher.HeaderBytes;

    /// <summary>Sixteen records: 256 KiB less 352 bytes.</summary>
    protected override int MaxSendBytes => BufferBytes - (16 * TlsRecordCipher.OverheadBytes);

    protected override int MaxFirstBytes => TlsSender.UpdateBytes;

    protected override bool HasEnded => _hasEnded;

    protected override int FrameBytes(ReadOnlySpan<byte> data) => TlsRecordCipher.RecordBytes(data);

    protected override int InnerBytes(ReadOnlySpan<byte> frame) => TlsRecordCipher.InnerBytes(frame);

    protected override bool TryOpen(ReadOnlySpan<byte> frame, Span<byte> target, out int content)
    {
        TlsOpened opened = receiver.Open(frame, target, out content);
        _hasEnded = opened == TlsOpened.End;
        if (receiver.TakeUpdateRequest())
            Volatile.Write(ref _isUpdateDue, 1);
        return opened != TlsOpened.Broken;
    }

    protected override int SealedBytes(int dataBytes) => TlsSender.RecordsBytes(dataBytes);

    protected override int Seal(ReadOnlySpan<byte> data, Span<byte> target) => sender.Write(data, target);

    protected override int SealFirst(Span<byte> target) =>
        Interlocked.Exchange(ref _isUpdateDue, 0) != 0 || sender.IsKeyWorn ? sender.WriteUpdate(target) : 0;
}
