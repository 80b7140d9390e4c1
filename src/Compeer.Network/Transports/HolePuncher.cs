using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Protocols.PeerWire;

namespace Compeer.Network.Transports;

/// <summary>
/// Dials a peer that dials us at the same moment, so that each side's first packet opens its own NAT for the other's:
/// over uTP, and over TCP from the port we listen at (simultaneous open). Thread-safe.
/// </summary>
/// <remarks>Spec: BEP 55; RFC 9293 section 3.5 (simultaneous open); RFC 5128 section 3.4 for the method.</remarks>
/// <param name="dialer">Does the handshakes over uTP, encrypted as its policy says: each side dials there and accepts the other's dial, so it is clear who begins.</param>
/// <param name="options">Bounds on the handshake.</param>
/// <param name="bind">Address to dial from, or null.</param>
/// <param name="utp">The shared UDP port's uTP, or null when there is none.</param>
/// <param name="transports">
/// The ways that may be taken. Over TCP both sides begin the one connection, and the encrypted handshake has no form for two that
/// begin: it is plain, and to be left out where encryption is required.
/// </param>
public sealed class HolePuncher(PeerDialer dialer, HandshakeOptions options, IPAddress? bind, UtpTransport? utp, PeerTransports transports)
{
    private static readonly TimeSpan UtpTime = TimeSpan.FromSeconds(6);

    /// <summary>
    /// Tries both ways at once and hands over each stream whose handshake completes: none, one, or two. With two, both
    /// sides see both, so the receiver can choose the same as the remote does.
    /// </summary>
    /// <param name="remote">Where the peer is seen from outside.</param>
    /// <param name="localPort">The port we listen at, TCP and UDP.</param>
    /// <param name="ours">Our handshake.</param>
    /// <param name="arrived">Takes over a stream. Called on any thread.</param>
    /// <param name="cancellationToken">Ends all tries.</param>
    public async Task PunchAsync(IPEndPoint remote, int localPort, Handshake ours, Action<PeerStream, Handshake> arrived, CancellationToken cancellationToken)
    {
        using var utpEnd = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        utpEnd.CancelAfter(UtpTime);
        bool mayUtp = utp is not null && (transports & PeerTransports.Utp) != 0;
        Task overUtp = mayUtp ? DialUtpAsync(remote, ours, arrived, utpEnd.Token) : Task.CompletedTask;
        if ((transports & PeerTransports.Tcp) != 0 && await TcpPunch.PunchAsync(remote, localPort, bind, cancellationToken) is { } tcp && await GreetAsync(tcp, ours, arrived, cancellationToken))
            // TCP is what the two choose when they have both.
            await utpEnd.CancelAsync();
        await overUtp;
    }

    private async Task DialUtpAsync(IPEndPoint remote, Handshake ours, Action<PeerStream, Handshake> arrived, CancellationToken cancellationToken)
    {
        try
        {
            DialResult result = await dialer.DialAsync(token => utp!.ConnectAsync(remote, token), ours, cancellationToken);
            if (result.Stream is { } stream)
                arrived(stream, result.Remote);
        }
        catch (OperationCanceledException)
        {
            // No way through in time; the caller sees that nothing arrived.
        }
    }

    private async Task<bool> GreetAsync(PeerStream stream, Handshake ours, Action<PeerStream, Handshake> arrived, CancellationToken cancellationToken)
    {
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(options.HandshakeTimeout);
            if (await PeerHandshake.InitiateAsync(stream, ours, deadline.Token) is { } theirs)
            {
                arrived(stream, theirs);
                return true;
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // No way through; the caller sees that nothing arrived.
        }
        stream.Dispose();
        return false;
    }
}
