using System.Net;
using Compeer.Network.Connections;

namespace Compeer.Tests.Connections;

/// <summary>A stream that gives prepared bytes and keeps what is sent; both in pieces as small as asked for, and at once.</summary>
internal sealed class ScriptedStream(byte[] incoming, int pieceBytes) : PeerStream
{
    private readonly MemoryStream _sent = new();
    private int _given;

    public byte[] Sent => _sent.ToArray();

    public int Waits { get; private set; }

    public bool IsDisposed { get; private set; }

    public override IPEndPoint Remote { get; } = new(IPAddress.Loopback, 1);

    public override IPEndPoint Local { get; } = new(IPAddress.Loopback, 2);

    public override PeerPath Path => PeerPath.Utp;

    public override ValueTask WaitReadableAsync(CancellationToken cancellationToken)
    {
        Waits++;
        return ValueTask.CompletedTask;
    }

    public override ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        int length = Math.Min(Math.Min(pieceBytes, target.Length), incoming.Length - _given);
        incoming.AsSpan(_given, length).CopyTo(target.Span);
        _given += length;
        return new(length);
    }

    public override ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        int length = Math.Min(pieceBytes, data.Length);
        _sent.Write(data.Span[..length]);
        return new(length);
    }

    /// <summary>Makes room, so that sending allocates nothing; forgets what was sent.</summary>
    public void Reserve(int capacityBytes)
    {
        _sent.Capacity = capacityBytes;
        _sent.SetLength(0);
    }

    public override void Dispose() => IsDisposed = true;
}
