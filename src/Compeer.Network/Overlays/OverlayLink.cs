using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols;

namespace Compeer.Network.Overlays;

/// <summary>What waits to be sent to one peer, in order, and the stream for it. Under the driver's lock.</summary>
internal sealed class OverlayLink<TMessage>(PeerId peer)
    where TMessage : struct
{
    private const int MaxBatchBytes = 64 * 1024;

    private readonly Queue<(TMessage Message, byte[] Frame)> _waiting = new();
    private readonly List<TMessage> _underWay = [];

    public PeerId Peer { get; } = peer;

    public DuplexStream? Stream { get; set; }

    /// <summary>Somebody writes.</summary>
    public bool IsWriting { get; set; }

    /// <summary>When the last batch was begun, or written.</summary>
    public Instant MovedAt { get; set; }

    public int Count => _waiting.Count + _underWay.Count;

    public int Bytes { get; private set; }

    public void Add(in TMessage message, byte[] frame)
    {
        _waiting.Enqueue((message, frame));
        Bytes += frame.Length;
    }

    /// <summary>What is to be written next, several small messages at once; empty when there is nothing. What was taken before is delivered.</summary>
    public byte[] TakeBatch()
    {
        _underWay.Clear();
        int length = 0, count = 0;
        foreach ((_, byte[] frame) in _waiting)
        {
            if (count > 0 && length + frame.Length > MaxBatchBytes)
                break;
            (length, count) = (length + frame.Length, count + 1);
        }
        byte[] batch = count == 1 ? _waiting.Peek().Frame : new byte[length];
        int at = 0;
        for (; count > 0; count--)
        {
            (TMessage message, byte[] frame) = _waiting.Dequeue();
            _underWay.Add(message);
            if (batch != frame)
                frame.CopyTo(batch, at);
            at += frame.Length;
        }
        Bytes -= length;
        return batch;
    }

    /// <summary>What was not delivered, in order; also what was being written, of which nobody can tell.</summary>
    public IEnumerable<TMessage> Undelivered() => _underWay.Concat(_waiting.Select(w => w.Message));
}
