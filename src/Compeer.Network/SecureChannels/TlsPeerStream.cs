using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using Compeer.Network.Connections;

namespace Compeer.Network.SecureChannels;

/// <summary>A stream over TLS, which owns the raw one. A send that fails or is cancelled ends the stream.</summary>
internal sealed class TlsPeerStream : PeerStream
{
    /// <summary>Most bytes that one send takes.</summary>
    private const int MaxSendBytes = 256 * 1024;

    private readonly PeerStream _inner;
    private readonly TlsRecordStream _records;
    private readonly SslStream _tls;

    // A wait that a receive began and did not wait out.
    private Task? _waiting;

    public TlsPeerStream(PeerStream inner, TlsRecordStream records, SslStream tls)
    {
        (_inner, _records, _tls) = (inner, records, tls);
        records.BeginBuffering();
    }

    public override IPEndPoint Remote => _inner.Remote;

    public override IPEndPoint Local => _inner.Local;

    public override PeerPath Path => _inner.Path;

    public override bool IsEncrypted => true;

    public override async ValueTask WaitReadableAsync(CancellationToken cancellationToken) => await ReceiveAsync(Memory<byte>.Empty, cancellationToken);

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        try
        {
            if (_waiting is not null)
                await _waiting.WaitAsync(cancellationToken);
            _waiting = null;
            int given = await _tls.ReadAsync(target, cancellationToken);
            if (given == 0)
                return 0;
            while (given < target.Length && _records.HasRecord)
            {
                // The record may hold no data. Then SslStream waits for the next, which must not keep the target.
                ValueTask<int> wait = _tls.ReadAsync(Memory<byte>.Empty, CancellationToken.None);
                if (!wait.IsCompleted)
                {
                    _waiting = wait.AsTask();
                    break;
                }
                await wait;
                int more = await _tls.ReadAsync(target[given..], cancellationToken);
                if (more == 0)
                    break;
                given += more;
            }
            return given;
        }
        catch (IOException e)
        {
            throw Failure(e);
        }
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            ReadOnlyMemory<byte> taken = data[..Math.Min(data.Length, MaxSendBytes)];
            if (taken.Length <= TlsRecordStream.MaxPayloadBytes)
            {
                await _tls.WriteAsync(taken, cancellationToken);
                return taken.Length;
            }
            _records.BeginGathering();
            await _tls.WriteAsync(taken, cancellationToken);
            await _records.SendGatheredAsync(cancellationToken);
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
        _inner.Dispose();
        _tls.Dispose();
    }

    /// <summary>What the raw stream failed with, or else that the remote broke TLS. Either way nothing more can pass.</summary>
    private Exception Failure(IOException e)
    {
        Dispose();
        return e.InnerException is SocketException or ObjectDisposedException ? e.InnerException : new SocketException((int)SocketError.ConnectionAborted);
    }
}
