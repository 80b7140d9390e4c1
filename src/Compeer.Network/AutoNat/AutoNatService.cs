using System.Net;
using System.Security.Cryptography;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Hosting;
using Compeer.Protocols;
using Compeer.Protocols.AutoNat;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.AutoNat;

/// <summary>
/// Finds out whether strangers can dial a host: has connected peers that offer AutoNAT dial its addresses, sets
/// <see cref="PeerHost.Reachability"/>, and announces addresses that others saw and that were reached. Thread-safe.
/// Spec: libp2p/specs autonat/autonat-v2.md; v1 with servers that have only that.
/// </summary>
public sealed class AutoNatService : IAsyncDisposable
{
    private const int MaxServers = 256;

    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(1);

    private readonly PeerHost _host;
    private readonly AutoNatOptions _options;
    private readonly ReachabilityVotes _votes;
    private readonly TaskScope _scope = new();
    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, Instant> _asked = [];
    private readonly HashSet<ulong> _nonces = [];
    private readonly HashSet<ulong> _proved = [];
    private readonly WakeSignal _wake = new();

    private AutoNatService(PeerHost host, AutoNatOptions options)
    {
        _host = host;
        _options = options;
        _votes = new ReachabilityVotes(options.Quorum);
    }

    /// <summary>Begins to ask.</summary>
    public static AutoNatService Start(PeerHost host, AutoNatOptions? options = null)
    {
        var service = new AutoNatService(host, options ?? new());
        host.Handle(AutoNatV2Message.DialBackProtocol, service.TakeDialBackAsync);
        host.Identified += service.OnIdentified;
        service._scope.TryRun(service.RunAsync);
        return service;
    }

    public async ValueTask DisposeAsync()
    {
        _host.Identified -= OnIdentified;
        _host.Unhandle(AutoNatV2Message.DialBackProtocol);
        await _scope.DisposeAsync();
        _host.Announce(this, []);
    }

    private void OnIdentified(HostConnection connection) => _wake.Set();

    /// <summary>Asks one server after the other, each when its turn has come, and new ones soon.</summary>
    private async Task RunAsync(CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                if (Candidates() is { Count: > 0 } candidates && NextServer() is { } server)
                {
                    await AskAsync(server, candidates, cancellationToken);
                    Conclude();
                    continue;
                }
                await _wake.WaitAsync((_options.Interval / 4) + ShortestPause, cancellationToken);
                await Task.Delay(ShortestPause / 10, cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // The service ends.
        }
    }

    private HostConnection? NextServer()
    {
        Instant now = MonotonicClock.Now;
        lock (_lock)
        {
            foreach (PeerId old in _asked.Where(a => now - a.Value >= _options.Interval).Select(a => a.Key).ToArray())
                _asked.Remove(old);
            HostConnection? server = _asked.Count >= MaxServers ? null : _host.Connections.FirstOrDefault(c => c.IsOpen && c.Path != ConnectionPath.Relayed && !_asked.ContainsKey(c.RemotePeer) && IsServer(c));
            if (server is not null)
                _asked[server.RemotePeer] = now;
            return server;
        }
    }

    private static bool IsServer(HostConnection connection) =>
        connection.Remote is { } remote && (remote.Protocols.Contains(AutoNatV2Message.RequestProtocol) || remote.Protocols.Contains(AutoNatV1Message.Protocol));

    /// <summary>What might be reached, those without a verdict first.</summary>
    private List<Multiaddr> Candidates()
    {
        IEnumerable<Multiaddr> known = _host.Addresses.Concat(_host.Observed).Distinct().Where(a =>
            !a.Contains(MultiaddrProtocol.Circuit) && a.TryGetTcp(out IPEndPoint? at) && (_options.AllowPrivate || AddressReaches.Of(at.Address) == AddressReach.Global));
        lock (_lock)
            return [.. known.OrderBy(a => _votes.IsReached(a) is not null).Take(ReachabilityVotes.MaxAddresses)];
    }

    private async Task AskAsync(HostConnection server, List<Multiaddr> candidates, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_options.Deadline);
        _host.AskToDial(server.RemotePeer, isAsked: true);
        try
        {
            if (server.Remote!.Protocols.Contains(AutoNatV2Message.RequestProtocol))
            {
                // A server dials the first address only: each is a request of its own.
                foreach (Multiaddr candidate in candidates.Take(4))
                    await AskV2Async(server, candidate, deadline.Token);
            }
            else
                await AskV1Async(server, candidates, deadline.Token);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or ObjectDisposedException or OperationCanceledException)
        {
            // A server that fails has no vote.
            cancellationToken.ThrowIfCancellationRequested();
        }
        finally
        {
            _host.AskToDial(server.RemotePeer, isAsked: false);
        }
    }

    private async Task AskV1Async(HostConnection server, List<Multiaddr> candidates, CancellationToken cancellationToken)
    {
        await using DuplexStream stream = await server.OpenStreamAsync([AutoNatV1Message.Protocol], cancellationToken);
        await stream.WriteMessageAsync(new AutoNatV1Message.Dial(_host.Id, [.. candidates.Select(a => a.With(_host.Id))]).Encode(), cancellationToken);
        byte[] bytes = await stream.ReadMessageAsync(AutoNatV1Message.MaxBytes, cancellationToken) ?? [];
        if (!AutoNatV1Message.TryDecode(bytes, out AutoNatV1Message? message) || message is not AutoNatV1Message.Response answer)
            throw new InvalidDataException("The server's answer is malformed.");
        if (answer.Status == AutoNatV1Status.Ok && (answer.Address?.WithoutPeer() ?? candidates[0]) is { } reached && candidates.Contains(reached))
            Take(reached, server, isReached: true);
        else if (answer.Status == AutoNatV1Status.DialError)
            candidates.ForEach(a => Take(a, server, isReached: false));
    }

    private async Task AskV2Async(HostConnection server, Multiaddr candidate, CancellationToken cancellationToken)
    {
        ulong nonce = BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong)));
        lock (_lock)
            _nonces.Add(nonce);
        try
        {
            await using DuplexStream stream = await server.OpenStreamAsync([AutoNatV2Message.RequestProtocol], cancellationToken);
            await stream.WriteMessageAsync(new AutoNatV2Message.DialRequest([candidate], nonce).Encode(), cancellationToken);
            AutoNatV2Message answer = await ReadAsync(stream, cancellationToken);
            if (answer is AutoNatV2Message.DialDataRequest { Index: 0 } price)
            {
                await PayAsync(stream, price.Bytes, cancellationToken);
                answer = await ReadAsync(stream, cancellationToken);
            }
            if (answer is not AutoNatV2Message.DialResponse { Status: AutoNatV2Status.Ok, Index: 0 } response)
                return;
            bool isProved;
            lock (_lock)
                isProved = _proved.Contains(nonce);
            if (response.Dial == AutoNatDialStatus.Ok && isProved)
                Take(candidate, server, isReached: true);
            else if (response.Dial == AutoNatDialStatus.DialError)
                Take(candidate, server, isReached: false);
        }
        finally
        {
            lock (_lock)
            {
                _nonces.Remove(nonce);
                _proved.Remove(nonce);
            }
        }
    }

    private static async Task<AutoNatV2Message> ReadAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        byte[] bytes = await stream.ReadMessageAsync(AutoNatV2Message.MaxBytes, cancellationToken) ?? [];
        return AutoNatV2Message.TryDecode(bytes, out AutoNatV2Message? message) ? message : throw new InvalidDataException("The server's answer is malformed.");
    }

    private async Task PayAsync(DuplexStream stream, long price, CancellationToken cancellationToken)
    {
        if (price is <= 0 || price > _options.MaxDialDataBytes)
            throw new InvalidDataException($"The server wants {price} bytes for a dial.");
        byte[] chunk = new AutoNatV2Message.DialDataResponse(new byte[AutoNatV2Message.MaxDataBytes]).Encode();
        for (long paid = 0; paid < price; paid += AutoNatV2Message.MaxDataBytes)
            await stream.WriteMessageAsync(chunk, cancellationToken);
    }

    /// <summary>A server brings the nonce over the connection that it dialled; who it says that it is does not matter.</summary>
    private async Task TakeDialBackAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_options.Deadline);
        byte[] bytes = await stream.ReadMessageAsync(AutoNatV2Message.MaxBytes, deadline.Token) ?? [];
        if (!AutoNatV2Message.TryDecodeDialBack(bytes, out ulong nonce) || !stream.Connection.IsIncoming)
            throw new InvalidDataException("No dial back.");
        lock (_lock)
        {
            if (!_nonces.Contains(nonce))
                throw new InvalidDataException("Nobody asked for that dial back.");
            _proved.Add(nonce);
        }
        await stream.WriteMessageAsync(Array.Empty<byte>(), deadline.Token);
    }

    private void Take(Multiaddr address, HostConnection server, bool isReached)
    {
        lock (_lock)
            _votes.Take(address, server.RemotePeer, isReached, MonotonicClock.Now);
    }

    private void Conclude()
    {
        bool? isPublic;
        IReadOnlyList<Multiaddr> reached;
        lock (_lock)
        {
            isPublic = _votes.IsPublic;
            reached = _votes.Reached;
        }
        _host.Announce(this, reached);
        _host.Reachability = isPublic switch
        {
            true => HostReachability.Public,
            false => HostReachability.Private,
            null => HostReachability.Unknown,
        };
    }
}
