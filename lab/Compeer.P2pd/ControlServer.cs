using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Gossipsub;
using Compeer.Network.Hosting;
using Compeer.Network.KadDht;

namespace Compeer.P2pd;

/// <summary>
/// Serves the control protocol of the libp2p daemon over TCP: requests that make a host do what it can.
/// </summary>
/// <remarks>Spec: libp2p/go-libp2p-daemon specs/CONTROL.md, specs/PUBSUB.md; protobuf of @libp2p/daemon-protocol.</remarks>
internal sealed class ControlServer(PeerHost host, PubsubService? pubsub, KadDhtService? dht)
{
    private const int StreamProtocols = 2;

    public async Task RunAsync(Multiaddr address, CancellationToken cancellationToken)
    {
        if (!address.TryGetTcp(out IPEndPoint? endPoint))
            throw new InvalidDataException($"{address} is no TCP address.");
        using var listener = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(endPoint);
        listener.Listen();
        Console.WriteLine($"Control socket: {Multiaddr.FromTcp((IPEndPoint)listener.LocalEndPoint!)}");
        await using var scope = new TaskScope();
        try
        {
            while (true)
            {
                Socket client = await listener.AcceptAsync(cancellationToken);
                scope.TryRun(token => ServeAsync(client, token));
            }
        }
        catch (OperationCanceledException)
        {
            // A signal ends us.
        }
    }

    private async Task ServeAsync(Socket socket, CancellationToken cancellationToken)
    {
        using var client = new ControlConnection(socket);
        try
        {
            while (await client.ReadAsync(cancellationToken) is { } bytes)
            {
                try
                {
                    await AnswerAsync(client, ControlRequest.Decode(bytes), cancellationToken);
                }
                catch (Exception e) when (e is IOException or ArgumentException or InvalidDataException or OperationCanceledException)
                {
                    await client.WriteAsync(ControlAnswers.Error(e.Message), cancellationToken);
                }
            }
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidDataException)
        {
            // The client is gone, or speaks something else.
        }
    }

    private async Task AnswerAsync(ControlConnection client, ControlRequest request, CancellationToken cancellationToken)
    {
        ControlFields fields = request.Fields;
        switch (request.Kind)
        {
            case RequestKind.Identify:
                await client.WriteAsync(ControlAnswers.Identity(host.Id, host.Addresses), cancellationToken);
                break;
            case RequestKind.ListPeers:
                await client.WriteAsync(ControlAnswers.Peers(host.Connections.DistinctBy(c => c.RemotePeer).Select(c => (c.RemotePeer, Known(c)))), cancellationToken);
                break;
            case RequestKind.Connect:
                PeerId peer = fields.Peer(1);
                host.AddAddresses(peer, fields.Addresses(2));
                await host.ConnectAsync(peer, cancellationToken);
                await client.WriteAsync(ControlAnswers.Ok, cancellationToken);
                break;
            case RequestKind.Disconnect:
                foreach (HostConnection connection in host.Connections.Where(c => c.RemotePeer == fields.Peer(1)))
                    await connection.CloseAsync();
                await client.WriteAsync(ControlAnswers.Ok, cancellationToken);
                break;
            case RequestKind.StreamOpen:
                await OpenAsync(client, fields, cancellationToken);
                break;
            case RequestKind.StreamHandler:
                foreach (string protocol in fields.Texts(StreamProtocols))
                    Handle(protocol, fields.Addresses(1).First());
                await client.WriteAsync(ControlAnswers.Ok, cancellationToken);
                break;
            case RequestKind.Pubsub when pubsub is not null:
                await new PubsubRequests(pubsub).AnswerAsync(client, fields, cancellationToken);
                break;
            case RequestKind.Dht when dht is not null:
                await new DhtRequests(dht).AnswerAsync(client, fields, cancellationToken);
                break;
            default:
                throw new InvalidDataException($"{request.Kind} is not offered here.");
        }
    }

    private static IReadOnlyList<Multiaddr> Known(HostConnection connection) => [connection.RemoteAddress];

    private async Task OpenAsync(ControlConnection client, ControlFields fields, CancellationToken cancellationToken)
    {
        await using DuplexStream stream = await host.OpenStreamAsync(fields.Peer(1), [.. fields.Texts(StreamProtocols)], allowLimited: true, cancellationToken);
        await client.WriteAsync(ControlAnswers.StreamInfo(stream.RemotePeer, stream.Connection.RemoteAddress, stream.Protocol), cancellationToken);
        await JoinAsync(client, stream, cancellationToken);
    }

    private void Handle(string protocol, Multiaddr client)
    {
        host.Unhandle(protocol);
        host.Handle(protocol, async (stream, token) =>
        {
            using ControlConnection taker = await ControlConnection.ConnectAsync(client, token);
            await taker.WriteAsync(ControlAnswers.BareStreamInfo(stream.RemotePeer, stream.Connection.RemoteAddress, stream.Protocol), token);
            await JoinAsync(taker, stream, token);
        }, allowLimited: true);
    }

    /// <summary>After an answer was given, a failure can only be told by hanging up.</summary>
    private static async Task JoinAsync(ControlConnection client, DuplexStream stream, CancellationToken cancellationToken)
    {
        try
        {
            await client.JoinAsync(stream, cancellationToken);
        }
        catch (Exception e) when (e is IOException or SocketException or OperationCanceledException or ObjectDisposedException)
        {
            stream.Abort();
        }
        finally
        {
            client.Dispose();
        }
    }
}
