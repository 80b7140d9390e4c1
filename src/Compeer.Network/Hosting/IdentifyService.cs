using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Identify;
using Compeer.Protocols.Identity;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Hosting;

/// <summary>Tells peers about us and asks them about themselves. Spec: libp2p/specs identify/README.md.</summary>
internal sealed class IdentifyService(PeerHost host)
{
    /// <summary>Peers that are told of a change at once.</summary>
    private const int MaxPushes = 32;

    private readonly Lock _lock = new();
    private IReadOnlyList<Multiaddr> _recorded = [];
    private byte[] _record = [];
    private ulong _sequence;

    /// <summary>Answers a peer that asks.</summary>
    public async Task AnswerAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        await stream.WriteMessageAsync(About(stream.Connection).Encode(), cancellationToken);
        stream.CompleteWrites();
    }

    /// <summary>Takes what a peer tells of a change.</summary>
    public async Task TakePushAsync(DuplexStream stream, CancellationToken cancellationToken) =>
        Learn(stream.Connection, await ReadAsync(stream, cancellationToken));

    /// <summary>Asks the peer of a new connection; what it does not tell in time stays unknown.</summary>
    public async Task AskAsync(HostConnection connection, CancellationToken cancellationToken)
    {
        IdentifyMessage? told = null;
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(host.Options.NegotiationTimeout);
            await using DuplexStream stream = await connection.OpenStreamAsync([IdentifyMessage.Protocol], allowLimited: true, deadline.Token);
            stream.CompleteWrites();
            told = await ReadAsync(stream, deadline.Token);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or OperationCanceledException or ObjectDisposedException)
        {
            // A peer need not tell anything.
        }
        Learn(connection, told);
    }

    /// <summary>Tells all peers what has changed about us.</summary>
    public Task PushAsync(CancellationToken cancellationToken) => Parallel.ForEachAsync(
        host.Connections, new ParallelOptions { MaxDegreeOfParallelism = MaxPushes, CancellationToken = cancellationToken }, PushAsync);

    /// <summary>Remembers where the peer listens; it may not send us to places that are nearer than itself.</summary>
    private void Learn(HostConnection connection, IdentifyMessage? told)
    {
        if (told is not null)
            host.AddAddresses(connection.RemotePeer, AddressesOf(connection, told).Where(a => AddressReaches.OfTcp(a) >= connection.Reach));
        if (connection.Learn(told))
            host.OnIdentified(connection);
    }

    /// <summary>What it has signed, where it has; a record of another peer or with a wrong signature says nothing.</summary>
    private static IReadOnlyList<Multiaddr> AddressesOf(HostConnection connection, IdentifyMessage told) =>
        told.SignedPeerRecord.IsEmpty ? told.ListenAddresses
        : PeerRecord.TryOpen(told.SignedPeerRecord.Span, OpenSslKeys.Instance, out PeerRecord? record) && record.Peer == connection.RemotePeer && connection.IsNewer(record.Sequence) ? record.Addresses
        : [];

    private async ValueTask PushAsync(HostConnection connection, CancellationToken cancellationToken)
    {
        try
        {
            await using DuplexStream stream = await connection.OpenStreamAsync([IdentifyMessage.PushProtocol], allowLimited: true, cancellationToken);
            await stream.WriteMessageAsync(About(connection).Encode(), cancellationToken);
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // It does not want to know, or is gone.
        }
    }

    private IdentifyMessage About(HostConnection connection) => new()
    {
        PublicKey = host.Options.Identity.PublicKey,
        ProtocolVersion = host.Options.ProtocolVersion,
        AgentVersion = host.Options.AgentVersion,
        ObservedAddress = connection.RemoteAddress,
        ListenAddresses = host.Addresses,
        Protocols = host.Protocols,
        SignedPeerRecord = Record(),
    };

    /// <summary>Our addresses, signed; a new record whenever they have changed.</summary>
    private byte[] Record()
    {
        IReadOnlyList<Multiaddr> addresses = host.Addresses;
        lock (_lock)
        {
            if (addresses.SequenceEqual(_recorded))
                return _record;
            _recorded = addresses;
            _sequence = Math.Max(_sequence + 1, (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());
            return _record = addresses.Count == 0 ? [] : PeerRecord.Seal(host.Options.Identity, _sequence, addresses).Bytes.ToArray();
        }
    }

    /// <summary>Reads and merges what comes until the end; null when the key in it is not the connection's.</summary>
    private static async Task<IdentifyMessage?> ReadAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        var told = new IdentifyMessage();
        for (int count = 0; count < IdentifyMessage.MaxMessages && await stream.ReadMessageAsync(IdentifyMessage.MaxReadBytes, cancellationToken) is { } bytes; count++)
        {
            if (!IdentifyMessage.TryDecode(bytes, out IdentifyMessage? message))
                throw new InvalidDataException($"{stream.RemotePeer} sent a malformed identify message.");
            told = told.Merge(message);
        }
        return told.PublicKey is { } key && !key.Equals(stream.Connection.RemoteKey) ? null : told;
    }
}
