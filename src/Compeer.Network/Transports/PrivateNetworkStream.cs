using System.Buffers;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using Compeer.Network.Connections;
using Compeer.Protocols.PrivateNetworks;

namespace Compeer.Network.Transports;

/// <summary>A stream inside a private network: everything passes xored with the network's cipher. Owns the raw one. Spec: pnet/Private-Networks-PSK-V1.md.</summary>
internal sealed class PrivateNetworkStream : PeerStream
{
    private const int ChunkBytes = 64 << 10;

    private readonly PeerStream _inner;
    private readonly XSalsa20 _sending;
    private readonly XSalsa20 _receiving;

    private PrivateNetworkStream(PeerStream inner, XSalsa20 sending, XSalsa20 receiving)
    {
        _inner = inner;
        _sending = sending;
        _receiving = receiving;
    }

    public override IPEndPoint Remote => _inner.Remote;

    public override IPEndPoint Local => _inner.Local;

    public override PeerPath Path => _inner.Path;

    /// <summary>Exchanges nonces. A remote that lacks the key is found out by what comes next: it makes no sense.</summary>
    /// <exception cref="SocketException">The stream broke, or ended.</exception>
    public static async Task<PeerStream> StartAsync(PeerStream inner, PreSharedKey key, CancellationToken cancellationToken)
    {
        byte[] ours = RandomNumberGenerator.GetBytes(XSalsa20.NonceBytes), theirs = new byte[XSalsa20.NonceBytes];
        for (ReadOnlyMemory<byte> rest = ours; rest.Length > 0;)
            rest = rest[await inner.SendAsync(rest, cancellationToken)..];
        for (int read = 0; read < theirs.Length;)
        {
            int received = await inner.ReceiveAsync(theirs.AsMemory(read), cancellationToken);
            read += received > 0 ? received : throw new SocketException((int)SocketError.ConnectionReset);
        }
        return new PrivateNetworkStream(inner, key.CipherOf(ours), key.CipherOf(theirs));
    }

    public override ValueTask WaitReadableAsync(CancellationToken cancellationToken) => _inner.WaitReadableAsync(cancellationToken);

    public override async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        int received = await _inner.ReceiveAsync(target, cancellationToken);
        _receiving.Apply(target.Span[..received]);
        return received;
    }

    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        // What is encrypted has its place in the stream, so it leaves as a whole.
        byte[] chunk = ArrayPool<byte>.Shared.Rent(Math.Min(data.Length, ChunkBytes));
        try
        {
            int length = Math.Min(data.Length, chunk.Length);
            data.Span[..length].CopyTo(chunk);
            _sending.Apply(chunk.AsSpan(0, length));
            for (ReadOnlyMemory<byte> rest = chunk.AsMemory(0, length); rest.Length > 0;)
                rest = rest[await _inner.SendAsync(rest, cancellationToken)..];
            return length;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(chunk);
        }
    }

    public override void Dispose() => _inner.Dispose();
}
