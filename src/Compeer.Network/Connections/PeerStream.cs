using System.Net;

namespace Compeer.Network.Connections;

/// <summary>
/// An ordered byte stream to a peer, whatever carries it. One reader and one writer at a time. Its operations fail with
/// <see cref="System.Net.Sockets.SocketException"/>, <see cref="ObjectDisposedException"/> or, when their token is cancelled,
/// <see cref="OperationCanceledException"/>, and nothing else.
/// </summary>
public abstract class PeerStream : IDisposable
{
    /// <summary>The remote endpoint; never an IPv4 address in IPv6 form.</summary>
    public abstract IPEndPoint Remote { get; }

    /// <summary>Our endpoint; never an IPv4 address in IPv6 form.</summary>
    public abstract IPEndPoint Local { get; }

    /// <summary>What carries it.</summary>
    public abstract PeerPath Path { get; }

    /// <summary>What passes is obfuscated (message stream encryption).</summary>
    public virtual bool IsEncrypted => false;

    /// <summary>Completes when a receive would give bytes, or the end, without waiting; holds no buffer meanwhile.</summary>
    public abstract ValueTask WaitReadableAsync(CancellationToken cancellationToken);

    /// <summary>Receives at least one byte; 0 when the remote ended the stream.</summary>
    public abstract ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken);

    /// <summary>Sends some of <paramref name="data"/> and gives how many bytes; waits while the path is full.</summary>
    public abstract ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken);

    /// <summary>Ends the stream at once. Thread-safe, idempotent; operations under way fail.</summary>
    public abstract void Dispose();
}
