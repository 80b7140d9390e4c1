using System.Buffers.Binary;

namespace Compeer.Protocols.PeerWire;

/// <summary>What came of an attempt to read a message.</summary>
public enum PeerReadStatus
{
    /// <summary>A message was read.</summary>
    Message,

    /// <summary>All bytes are used; more are needed.</summary>
    NeedMore,

    /// <summary>The bytes break the protocol; nothing more can be read.</summary>
    Malformed,
}

/// <summary>
/// Cuts a stream into messages. A message that lies whole in the bytes given is not copied; of one that does not,
/// what is there is kept, so the same bytes give the same messages however they are cut. Lengths are checked before
/// memory is taken, and the buffer grows only by bytes received: at most <see cref="MaxBodyBytes"/>, 32 KiB between messages.
/// </summary>
/// <remarks>Spec: BEP 3.</remarks>
public sealed class PeerMessageReader
{
    /// <summary>Longest body of any message.</summary>
    public const int MaxBodyBytes = 256 * 1024;

    private const int MaxExtendedBytes = 128 * 1024;

    // Room for a block that lies across two reads; what a rare longer message took is given back.
    private const int KeptBytes = 32 * 1024;

    private byte[] _partial = [];
    private int _partialLength;

    /// <summary>Why reading ended.</summary>
    public string? Fault { get; private set; }

    /// <summary>Reads the next message from the front of <paramref name="data"/> and moves its start behind what was used.</summary>
    public PeerReadStatus TryRead(ref ReadOnlySpan<byte> data, out PeerMessage message)
    {
        message = default;
        if (Fault is not null)
            return PeerReadStatus.Malformed;
        return _partialLength > 0 ? Continue(ref data, out message) : ReadWhole(ref data, out message);
    }

    private PeerReadStatus ReadWhole(ref ReadOnlySpan<byte> data, out PeerMessage message)
    {
        message = default;
        if (!TryMeasure(data, out int total))
            return PeerReadStatus.Malformed;
        if (total < 0 || data.Length < total)
        {
            Keep(data);
            data = default;
            return PeerReadStatus.NeedMore;
        }
        message = Decode(data[..total]);
        data = data[total..];
        return PeerReadStatus.Message;
    }

    private PeerReadStatus Continue(ref ReadOnlySpan<byte> data, out PeerMessage message)
    {
        message = default;
        while (true)
        {
            if (!TryMeasure(_partial.AsSpan(0, _partialLength), out int total))
                return PeerReadStatus.Malformed;
            int wanted = (total < 0 ? Math.Min(5, _partialLength + 1) : total) - _partialLength;
            if (wanted <= 0)
            {
                _partialLength = 0;
                message = Decode(_partial.AsSpan(0, total));
                return PeerReadStatus.Message;
            }
            if (data.IsEmpty)
                return PeerReadStatus.NeedMore;
            int taken = Math.Min(wanted, data.Length);
            Keep(data[..taken]);
            data = data[taken..];
        }
    }

    /// <summary>The length of the first message with its prefix, or -1 while that cannot be told; false when it is not allowed.</summary>
    private bool TryMeasure(ReadOnlySpan<byte> data, out int total)
    {
        total = -1;
        if (data.Length < 4)
            return true;
        uint length = BinaryPrimitives.ReadUInt32BigEndian(data);
        if (length == 0)
        {
            total = 4;
            return true;
        }
        if (length > MaxBodyBytes + 1)
            return Fail($"it sent a message of {length} bytes");
        if (data.Length < 5)
            return true;
        var id = (PeerMessageId)data[4];
        if (!IsLengthAllowed(id, (int)length - 1))
            return Fail($"it sent a {id} message of an impossible length ({length - 1} bytes)");
        total = 4 + (int)length;
        return true;
    }

    private static bool IsLengthAllowed(PeerMessageId id, int body) => id switch
    {
        PeerMessageId.Choke or PeerMessageId.Unchoke or PeerMessageId.Interested or PeerMessageId.NotInterested
            or PeerMessageId.HaveAll or PeerMessageId.HaveNone => body == 0,
        PeerMessageId.Have or PeerMessageId.Suggest or PeerMessageId.AllowedFast => body == 4,
        PeerMessageId.Request or PeerMessageId.Cancel or PeerMessageId.Reject => body == 12,
        PeerMessageId.Piece => body is >= 8 and <= 8 + BlockRequest.BlockBytes,
        PeerMessageId.Port => body == 2,
        PeerMessageId.Extended => body is >= 1 and <= MaxExtendedBytes,
        PeerMessageId.HashRequest or PeerMessageId.HashReject => body == HashMessage.FixedBytes,
        PeerMessageId.Hashes => body >= HashMessage.FixedBytes && (body - HashMessage.FixedBytes) % 32 == 0 && body <= HashMessage.MaxBytes,
        _ => true,
    };

    private static PeerMessage Decode(ReadOnlySpan<byte> whole) =>
        whole.Length == 4 ? new PeerMessage(PeerMessageId.KeepAlive, default) : new PeerMessage((PeerMessageId)whole[4], whole[5..]);

    private void Keep(ReadOnlySpan<byte> bytes)
    {
        int needed = _partialLength + bytes.Length;
        if (_partialLength == 0 && _partial.Length > KeptBytes)
            _partial = [];
        if (_partial.Length < needed)
            Array.Resize(ref _partial, Math.Max(needed, Math.Min(2 * _partial.Length, MaxBodyBytes + 5)));
        bytes.CopyTo(_partial.AsSpan(_partialLength));
        _partialLength = needed;
    }

    private bool Fail(string reason)
    {
        Fault = reason;
        return false;
    }
}
