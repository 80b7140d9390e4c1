using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using Compeer.Network.Connections;
using Compeer.Protocols.Tls;

namespace Compeer.Tests.SecureChannels;

/// <summary>One of two ends in memory: what one sends is there for the other at once. Receives give at most so many bytes, and sends are counted.</summary>
internal sealed class PipedStream : PeerStream
{
    private readonly PipeReader _incoming;
    private readonly PipeWriter _outgoing;
    private readonly ArrayBufferWriter<byte> _sent = new();
    private int _records;

    private PipedStream(PipeReader incoming, PipeWriter outgoing) => (_incoming, _outgoing) = (incoming, outgoing);

    public int MostReceived { get; set; } = int.MaxValue;

    /// <summary>How many sends arrive at once; those after them arrive together, at <see cref="ReleaseAsync"/>.</summary>
    public int SendsBeforeHold { get; set; } = int.MaxValue;

    /// <summary>The record of TLS that is sent with one bit changed, counted from the first, and where in it: of so many thousandths of what follows its header.</summary>
    public (int Record, int Thousandths)? Flip { get; set; }

    /// <summary>That bit was changed.</summary>
    public bool HasFlipped { get; private set; }

    /// <summary>How many bytes are sent before the stream ends.</summary>
    public int LastByte { get; set; } = int.MaxValue;

    /// <summary>All that was sent, unchanged.</summary>
    public ReadOnlyMemory<byte> Sent => _sent.WrittenMemory;

    public int Sends { get; private set; }

    public int Receives { get; private set; }

    public override IPEndPoint Remote { get; } = new(IPAddress.Loopback, 1);

    public override IPEndPoint Local { get; } = new(IPAddress.Loopback, 2);

    public override PeerPath Path => PeerPath.Tcp;

    public static (PipedStream Left, PipedStream Right) Pair()
    {
        var options = new PipeOptions(pauseWriterThreshold: 0);
        (Pipe right, Pipe left) = (new Pipe(options), new Pipe(options));
        return (new PipedStream(left.Reader, right.Writer), new PipedStream(right.Reader, left.Writer));
    }

    public override async ValueTask WaitReadableAsync(CancellationToken cancellationToken)
    {
        ReadResult result = await _incoming.ReadAsync(cancellationToken);
        _incoming.AdvanceTo(result.Buffer.Start);
    }

    public override async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        Receives++;
        ReadResult result = await _incoming.ReadAsync(cancellationToken);
        int length = (int)Math.Min(Math.Min(target.Length, MostReceived), result.Buffer.Length);
        ReadOnlySequence<byte> taken = result.Buffer.Slice(0, length);
        foreach (ReadOnlyMemory<byte> part in taken)
        {
            part.CopyTo(target);
            target = target[part.Length..];
        }
        _incoming.AdvanceTo(taken.End);
        return length;
    }

    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        Sends++;
        int before = _sent.WrittenCount;
        byte[] passing = data[..Math.Clamp(LastByte - before, 0, data.Length)].ToArray();
        if (Flip is { } flip)
            FlipIn(passing, flip.Record, flip.Thousandths);
        _sent.Write(data.Span);
        _outgoing.Write(passing);
        if (Sends <= SendsBeforeHold)
            await _outgoing.FlushAsync(cancellationToken);
        if (before + data.Length >= LastByte)
            await _outgoing.CompleteAsync();
        return data.Length;
    }

    /// <summary>Handshakes are sent in whole records.</summary>
    private void FlipIn(Span<byte> records, int record, int thousandths)
    {
        for (; TlsRecordCipher.RecordBytes(records) is > 0 and var length; records = records[length..])
        {
            if (_records++ != record)
                continue;
            int body = length - TlsRecordCipher.HeaderBytes;
            records[TlsRecordCipher.HeaderBytes + ((body - 1) * thousandths / 1000)] ^= 16;
            HasFlipped = true;
        }
    }

    public async Task ReleaseAsync()
    {
        SendsBeforeHold = int.MaxValue;
        await _outgoing.FlushAsync();
    }

    public override void Dispose() => _outgoing.Complete();
}
