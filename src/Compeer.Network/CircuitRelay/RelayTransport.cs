using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Hosting;
using Compeer.Protocols.CircuitRelay;

namespace Compeer.Network.CircuitRelay;

/// <summary>
/// Circuits as a transport of the host: dials through a relay, and takes what a relay brings. Either is secured and multiplexed like any
/// other connection, so a relay sees nothing and cannot pretend to be anybody.
/// Spec: libp2p/specs relay/circuit-v2.md, "Interaction".
/// </summary>
internal sealed class RelayTransport(PeerHost host)
{
    /// <summary>Connects to <paramref name="target"/> through the relay that the address names before its /p2p-circuit.</summary>
    /// <exception cref="IOException">The relay is not reached, or refuses; the message says which status.</exception>
    public async Task<(PeerStream Stream, ConnectionRoute Route)> DialAsync(PeerId target, Multiaddr address, CancellationToken cancellationToken)
    {
        if (RelayOf(address) is not { PeerId: { } relay } before || before.Contains(MultiaddrProtocol.Circuit) || relay == target)
            throw new PeerUnreachableException("it is no address behind one relay");
        HostConnection connection = before.WithoutPeer() is null ? await host.ConnectAsync(relay, cancellationToken) : await host.ConnectAsync(before, cancellationToken);
        DuplexStream stream = await connection.OpenStreamAsync([CircuitMessage.HopProtocol], cancellationToken);
        try
        {
            await stream.WriteMessageAsync(new CircuitMessage(CircuitMessageType.Connect) { Peer = target }.EncodeHop(), cancellationToken);
            if (await stream.ReadMessageAsync(CircuitMessage.MaxBytes, cancellationToken) is not { } bytes || !CircuitMessage.TryDecodeHop(bytes, out CircuitMessage? answer))
                throw new ProtocolRefusedException($"the relay {relay} does not answer as it should");
            if (answer.Status != CircuitStatus.Ok)
                throw new ProtocolRefusedException($"the relay {relay} answers {CircuitStatuses.NameOf(answer.Status)}");
            return Carry(stream, answer.Limit, $"dialled through the relay {relay}");
        }
        catch (Exception e)
        {
            stream.Abort();
            await stream.DisposeAsync();
            if (e is InvalidDataException)
                throw new ProtocolRefusedException($"the relay {relay} does not answer as it should: {e.Message}");
            throw;
        }
    }

    /// <summary>Answers a relay that brings a peer, and carries the connection until it ends.</summary>
    public async Task AnswerAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        CircuitMessage? asked = await TakeAsync(stream, cancellationToken);
        if (asked is null)
            return;
        (PeerStream raw, ConnectionRoute route) = Carry(stream, asked.Limit, $"it came through the relay {stream.RemotePeer}");
        if (await host.AcceptAsync(raw, route, asked.Peer, cancellationToken) is { } connection)
            await connection.Closed;
    }

    /// <summary>What a relay asks, after it was told that we take it; null where we do not.</summary>
    private async Task<CircuitMessage?> TakeAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(host.Options.NegotiationTimeout);
        CircuitMessage? asked = null;
        byte[] bytes = await stream.ReadMessageAsync(CircuitMessage.MaxBytes, deadline.Token) ?? [];
        CircuitStatus status = !CircuitMessage.TryDecodeStop(bytes, out asked) ? CircuitStatus.MalformedMessage
            : asked.Type != CircuitMessageType.Connect || asked.Peer is null ? CircuitStatus.UnexpectedMessage
            : asked.Peer == host.Id || stream.Connection.Path == ConnectionPath.Relayed ? CircuitStatus.PermissionDenied
            : CircuitStatus.Ok;
        await stream.WriteMessageAsync(CircuitMessage.Of(status).EncodeStop(), deadline.Token);
        return status == CircuitStatus.Ok ? asked : null;
    }

    /// <summary>What stands before the first /p2p-circuit; null where nothing does.</summary>
    private static Multiaddr? RelayOf(Multiaddr address)
    {
        string text = string.Concat(address.Components.TakeWhile(c => c.Protocol != MultiaddrProtocol.Circuit).Select(c => c.ToString()));
        return Multiaddr.TryParse(text, out Multiaddr? before) ? before : null;
    }

    private static (PeerStream Stream, ConnectionRoute Route) Carry(DuplexStream stream, CircuitLimit? limit, string why)
    {
        HostConnection relay = stream.Connection;
        Multiaddr remote = relay.RemoteAddress.With(relay.RemotePeer).With(MultiaddrProtocol.Circuit);
        return (new CircuitStream(stream, EndPointOf(relay.RemoteAddress), EndPointOf(relay.LocalAddress)),
            new ConnectionRoute(remote, relay.LocalAddress.With(MultiaddrProtocol.Circuit), ConnectionPath.Relayed, limit, why));
    }

    private static IPEndPoint EndPointOf(Multiaddr address) => address.TryGetTcp(out IPEndPoint? endPoint) ? endPoint : new IPEndPoint(IPAddress.None, 0);
}
