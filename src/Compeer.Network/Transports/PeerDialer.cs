using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Proxies;
using Compeer.Protocols.PeerWire;

namespace Compeer.Network.Transports;

/// <summary>A connected stream whose handshakes are done, or the reason why there is none.</summary>
/// <param name="Stream">The stream; the receiver owns it.</param>
/// <param name="Remote">The remote's handshake.</param>
/// <param name="Failure">One clause in words, when <paramref name="Stream"/> is null.</param>
public readonly record struct DialResult(PeerStream? Stream, Handshake Remote, string? Failure);

/// <summary>Opens outgoing connections, at most <see cref="HandshakeOptions.MaxHalfOpen"/> at once. Thread-safe.</summary>
public sealed class PeerDialer(
    HandshakeOptions options, IPAddress? bind, UtpTransport? utp = null, PeerTransports transports = PeerTransports.Both, ProxyDialer? proxy = null) : IDisposable
{
    private readonly StreamRace _race = new(options, bind, utp, transports, proxy);
    private readonly SemaphoreSlim _halfOpen = new(options.MaxHalfOpen);

    /// <summary>Connects, sends <paramref name="ours"/> and reads the answer.</summary>
    public async Task<DialResult> DialAsync(IPEndPoint remote, Handshake ours, CancellationToken cancellationToken)
    {
        await _halfOpen.WaitAsync(cancellationToken);
        PeerStream? stream = null;
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(options.ConnectTimeout);
            stream = await _race.ConnectAsync(remote, deadline.Token);
            deadline.CancelAfter(options.HandshakeTimeout);
            if (await PeerHandshake.InitiateAsync(stream, ours, deadline.Token) is { } theirs)
                return new DialResult(stream, theirs, null);
            stream.Dispose();
            return new DialResult(null, default, "it hung up during the handshake (it may not have this torrent)");
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException or ProxyException)
        {
            stream?.Dispose();
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
