using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.Outbound;
using Compeer.Network.Proxies;
using Compeer.Protocols.Proxies;

namespace Compeer.Network.Transports;

/// <summary>
/// Opens a stream to a peer by the way that answers first: TCP, and after a head start, or as soon as TCP has failed, uTP
/// too. What is opened in vain is closed before a byte was sent on it, so it costs the remote no place among its peers.
/// </summary>
internal sealed class StreamRace(HandshakeOptions options, IPAddress? bind, UtpTransport? utp, PeerTransports transports, ProxyDialer? proxy)
{
    /// <summary>Connects.</summary>
    /// <exception cref="SocketException">No way leads there.</exception>
    /// <exception cref="ProxyException">There is a proxy, and no way through it.</exception>
    public async Task<PeerStream> ConnectAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        bool mayTcp = (transports & PeerTransports.Tcp) != 0;
        // With a proxy there is its way and no other, whatever else was made.
        if (proxy is not null || utp is null || (transports & PeerTransports.Utp) == 0)
            return mayTcp ? await ConnectTcpAsync(remote, cancellationToken) : throw new SocketException((int)SocketError.ProtocolNotSupported);
        if (!mayTcp)
            return await utp.ConnectAsync(remote, cancellationToken);

        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<PeerStream> first = ConnectTcpAsync(remote, over.Token);
        await Task.WhenAny(first, Task.Delay(options.TcpHeadStart, over.Token));
        if (first.IsCompletedSuccessfully)
        {
            await over.CancelAsync();
            return await first;
        }
        Task<PeerStream> second = utp.ConnectAsync(remote, over.Token);
        Task<PeerStream> winner = await Task.WhenAny(first, second);
        if (!winner.IsCompletedSuccessfully)
            winner = winner == first ? second : first;
        try
        {
            return await winner;
        }
        finally
        {
            await over.CancelAsync();
            await DiscardAsync(winner == first ? second : first);
        }
    }

    private static async Task DiscardAsync(Task<PeerStream> loser)
    {
        try
        {
            (await loser).Dispose();
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // It led nowhere, as expected of a loser.
        }
    }

    private async Task<PeerStream> ConnectTcpAsync(IPEndPoint remote, CancellationToken cancellationToken)
    {
        Socket socket = proxy is null
            ? await TcpDial.ConnectAsync([remote.Address], remote.Port, bind, options.ConnectTimeout, cancellationToken)
            : await proxy.ConnectAsync(new ProxyTarget(remote), cancellationToken);
        return new TcpPeerStream(socket, remote);
    }
}
