using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Outbound;
using Compeer.Network.Proxies;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.Proxies;

namespace Compeer.Network.Transports;

/// <summary>A connected stream whose handshakes are done, or the reason why there is none.</summary>
/// <param name="Stream">The stream; the receiver owns it.</param>
/// <param name="Remote">The remote's handshake.</param>
/// <param name="Failure">One clause in words, when <paramref name="Stream"/> is null.</param>
public readonly record struct DialResult(PeerStream? Stream, Handshake Remote, string? Failure);

/// <summary>Opens outgoing connections, at most <see cref="HandshakeOptions.MaxHalfOpen"/> at once. Thread-safe.</summary>
public sealed class PeerDialer(HandshakeOptions options, IPAddress? bind, ProxyDialer? proxy = null) : IDisposable
{
    private readonly SemaphoreSlim _halfOpen = new(options.MaxHalfOpen);

    /// <summary>Connects, sends <paramref name="ours"/> and reads the answer.</summary>
    public async Task<DialResult> DialAsync(IPEndPoint remote, Handshake ours, CancellationToken cancellationToken)
    {
        await _halfOpen.WaitAsync(cancellationToken);
        Socket? socket = null;
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(options.ConnectTimeout);
            socket = proxy is null
                ? await TcpDial.ConnectAsync([remote.Address], remote.Port, bind, options.ConnectTimeout, deadline.Token)
                : await proxy.ConnectAsync(new ProxyTarget(remote), deadline.Token);
            deadline.CancelAfter(options.HandshakeTimeout);
            var stream = new TcpPeerStream(socket, remote);
            if (await PeerHandshake.InitiateAsync(stream, ours, deadline.Token) is { } theirs)
                return new DialResult(stream, theirs, null);
            stream.Dispose();
            return new DialResult(null, default, "it hung up during the handshake (it may not have this torrent)");
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException or ProxyException)
        {
            socket?.Dispose();
            cancellationToken.ThrowIfCancellationRequested();
            return new DialResult(null, default, e switch
            {
                SocketException error => SocketErrors.Describe(error.SocketErrorCode),
                ProxyException refused => refused.Message,
                _ => "no answer in time",
            });
        }
        finally
        {
            _halfOpen.Release();
        }
    }

    public void Dispose() => _halfOpen.Dispose();
}
