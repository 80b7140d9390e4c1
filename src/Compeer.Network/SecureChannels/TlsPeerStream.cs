using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Compeer.Network.Connections;

namespace Compeer.Network.SecureChannels;

/// <summary>A stream over TLS, which owns the raw one. A send that fails or is cancelled ends the stream.</summary>
internal sealed class TlsPeerStream(PeerStream inner, SslStream tls) : PeerStream
{
    /// <summary>Most bytes that one send takes.</summary>
    private const int MaxSendBytes = 256 * 1024;

    public override IPEndPoint Remote => inner.Remote;

    public override IPEndPoint Local => inner.Local;

    public override PeerPath Path => inner.Path;

    public override bool IsEncrypted => true;

    public override async ValueTask WaitReadableAsync(CancellationToken cancellationToken) => await ReceiveAsync(Memory<byte>.Empty, cancellationToken);

    public override async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        try
        {
            return await tls.ReadAsync(target, cancellationToken);
        }
        catch (IOException e)
        {
            throw Failure(e);
        }
    }

    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            ReadOnlyMemory<byte> taken = data[..Math.Min(data.Length, MaxSendBytes)];
            await tls.WriteAsync(taken, cancellationToken);
            return taken.Length;
        }
        catch (IOException e)
        {
            throw Failure(e);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override void Dispose()
    {
        inner.Dispose();
        tls.Dispose();
    }

    /// <summary>What the raw stream failed with, or else that the remote broke TLS. Either way nothing more can pass.</summary>
    private Exception Failure(IOException e)
    {
        Dispose();
        return e.InnerException is SocketException or ObjectDisposedException ? e.InnerException : new SocketException((int)SocketError.ConnectionAborted);
    }
}
