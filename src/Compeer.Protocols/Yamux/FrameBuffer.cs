using System.Buffers.Binary;

namespace Compeer.Protocols.Yamux;

/// <summary>Frames one after the other, ready to be sent. Holds memory only while it holds frames.</summary>
internal sealed class FrameBuffer
{
    private const int SmallBytes = 4096;
    private const int LargeBytes = 256 * 1024;

    private byte[] _bytes = [];
    private int _lastData = -1;
    private uint _lastDataStream;

    /// <summary>Bytes of all frames.</summary>
    public int Length { get; private set; }

    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    /// <summary>Adds a frame without payload.</summary>
    public void Add(YamuxFrame frame)
    {
        Reserve(YamuxFrame.HeaderBytes);
        frame.Write(_bytes.AsSpan(Length));
        Length += YamuxFrame.HeaderBytes;
        _lastData = -1;
    }

    /// <summary>Adds bytes of a stream: to its frame when that is the last one and has room, or in a frame of their own.</summary>
    /// <param name="streamId">The stream.</param>
    /// <param name="flags">Flags to be sent with them.</param>
    /// <param name="payload">At most <paramref name="maxFrameBytes"/>.</param>
    /// <param name="maxFrameBytes">Most payload of one frame.</param>
    public void AddData(uint streamId, YamuxFlags flags, ReadOnlySpan<byte> payload, int maxFrameBytes)
    {
        Reserve(YamuxFrame.HeaderBytes + payload.Length);
        if (flags == YamuxFlags.None && IsLast(streamId) && LastPayload + payload.Length <= maxFrameBytes)
        {
            BinaryPrimitives.WriteInt32BigEndian(_bytes.AsSpan(_lastData + 8), LastPayload + payload.Length);
        }
        else
        {
            _lastData = Length;
            _lastDataStream = streamId;
            new YamuxFrame(YamuxFrameType.Data, flags, streamId, (uint)payload.Length).Write(_bytes.AsSpan(Length));
            Length += YamuxFrame.HeaderBytes;
        }
        payload.CopyTo(_bytes.AsSpan(Length));
        Length += payload.Length;
    }

    public void Clear()
    {
        Length = 0;
        _lastData = -1;
        PooledArrays.Return(ref _bytes);
    }

    private int LastPayload => Length - _lastData - YamuxFrame.HeaderBytes;

    private bool IsLast(uint streamId) => _lastData >= 0 && _lastDataStream == streamId;

    private void Reserve(int bytes)
    {
        int needed = Length + bytes;
        if (needed > _bytes.Length)
            PooledArrays.Grow(ref _bytes, 0, Length, needed <= SmallBytes ? SmallBytes : Math.Max(LargeBytes, needed));
    }
}
