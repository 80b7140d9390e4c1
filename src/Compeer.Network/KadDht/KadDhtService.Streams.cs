using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Hosting;
using Compeer.Protocols;
using Compeer.Protocols.KadDht;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.KadDht;

public sealed partial class KadDhtService
{
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);

    private readonly Dictionary<PeerId, int> _serving = [];

    /// <summary>Serves the DHT from now on. Spec: libp2p/specs kad-dht, "Client and server mode".</summary>
    private void Serve()
    {
        lock (_lock)
        {
            if (_isServer)
                return;
            _isServer = true;
        }
        _host.Handle(_options.Protocol, ServeAsync);
    }

    /// <summary>Serves while strangers can dial the host, where it is left to us.</summary>
    private void OnReachability(HostReachability reachability)
    {
        if (_options.Mode != KadMode.Automatic)
            return;
        if (reachability == HostReachability.Public)
            Serve();
        else if (reachability == HostReachability.Private)
            ServeNoMore();
    }

    private void ServeNoMore()
    {
        lock (_lock)
        {
            if (!_isServer)
                return;
            _isServer = false;
        }
        _host.Unhandle(_options.Protocol);
    }

    private void OnIdentified(HostConnection connection)
    {
        if (connection.Remote is not { } told)
            return;
        lock (_lock)
        {
            if (told.Protocols.Contains(_options.Protocol))
                _node.OnServer(connection.RemotePeer, MonotonicClock.Now);
            else
                _node.OnClient(connection.RemotePeer);
            Pump();
        }
    }

    private async Task AskAsync(KadRequest request, CancellationToken cancellationToken)
    {
        KadMessage? answer = null;
        ulong network = 0;
        bool succeeded = false;
        try
        {
            using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            deadline.CancelAfter(_options.RequestTimeout);
            if (request.Addresses.Count > 0)
                _host.AddAddresses(request.To, request.Addresses);
            await using DuplexStream stream = await _host.OpenStreamAsync(request.To, _options.Protocol, deadline.Token);
            await stream.WriteMessageAsync(request.Message.Encode(), deadline.Token);
            network = KadContact.NetworkOf(stream.Connection.RemoteAddress);
            // Our direction stays open until then: js-libp2p (kad-dht 16.4.5) drops a question whose end has come before it looks at it.
            if (request.WantsAnswer)
                succeeded = await stream.ReadMessageAsync(_options.MaxAnswerBytes, deadline.Token) is { } bytes && KadMessage.TryDecode(bytes, out answer);
            else
                succeeded = await IsTakenAsync(stream, deadline.Token);
            if (answer is not null)
                answer = Believed(answer, stream.Connection.RemoteAddress);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or OperationCanceledException or ObjectDisposedException)
        {
            // The node hears that it failed; why does not matter to a search.
        }
        lock (_lock)
        {
            Instant now = MonotonicClock.Now;
            if (succeeded)
                _node.OnResponse(request.Id, answer, network, now);
            else
                _node.OnFailure(request.Id, now);
            Pump();
        }
    }

    /// <summary>Whether a message without an answer is not refused in a while.</summary>
    private static async Task<bool> IsTakenAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        using var linger = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        linger.CancelAfter(Linger);
        try
        {
            return await stream.ReadAsync(new byte[1], linger.Token) == 0;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return true;
        }
    }

    /// <summary>Answers question after question until the remote ends its direction.</summary>
    private async Task ServeAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        if (!TryEnter(stream.RemotePeer))
        {
            stream.Abort();
            return;
        }
        try
        {
            ulong network = KadContact.NetworkOf(stream.Connection.RemoteAddress);
            while (true)
            {
                using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                idle.CancelAfter(_options.IdleTimeout);
                if (await stream.ReadMessageAsync(_options.MaxQuestionBytes, idle.Token) is not { } bytes)
                    return;
                if (!TryAnswer(stream, network, bytes, out KadMessage? answer))
                {
                    stream.Abort();
                    return;
                }
                if (answer is not null)
                    await stream.WriteMessageAsync(answer.Encode(), idle.Token);
            }
        }
        finally
        {
            lock (_serving)
            {
                if (--_serving[stream.RemotePeer] == 0)
                    _serving.Remove(stream.RemotePeer);
            }
        }
    }

    private bool TryAnswer(DuplexStream stream, ulong network, byte[] bytes, out KadMessage? answer)
    {
        answer = null;
        if (!KadMessage.TryDecode(bytes, out KadMessage? question))
            return false;
        question = Believed(question, stream.Connection.RemoteAddress);
        lock (_lock)
            return _node.TryAnswer(stream.RemotePeer, network, question, MonotonicClock.Now, out answer);
    }

    private bool TryEnter(PeerId peer)
    {
        lock (_serving)
        {
            int count = _serving.GetValueOrDefault(peer);
            if (count >= _options.MaxStreamsOfPeer)
                return false;
            _serving[peer] = count + 1;
            return true;
        }
    }

    /// <summary>A message without the addresses that are out of scope, or would send us to places nearer than its sender is.</summary>
    private KadMessage Believed(KadMessage message, Multiaddr sender)
    {
        AddressReach least = AddressReaches.Of(sender);
        return message with { CloserPeers = Believed(message.CloserPeers, least), ProviderPeers = Believed(message.ProviderPeers, least) };
    }

    private IReadOnlyList<KadPeer> Believed(IReadOnlyList<KadPeer> peers, AddressReach least) =>
        [.. peers.Select(p => p with { Addresses = [.. p.Addresses.Where(a => IsInScope(a) && AddressReaches.Of(a) >= least)] })];

    /// <summary>What we tell of a peer, and of ourselves.</summary>
    private IReadOnlyList<Multiaddr> AddressesOf(PeerId peer) =>
        [.. (peer == _host.Id ? _host.Addresses : _host.AddressesOf(peer)).Where(IsInScope)];

    private bool IsInScope(Multiaddr address) => _options.Scope switch
    {
        KadScope.Public => AddressReaches.Of(address) == AddressReach.Global,
        KadScope.Private => AddressReaches.Of(address) is AddressReach.Private or AddressReach.Loopback,
        _ => true,
    };
}
