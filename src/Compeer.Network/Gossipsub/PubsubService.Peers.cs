using System.Collections.Concurrent;
using System.Net;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.Overlays;
using Compeer.Network.SecureChannels;
using Compeer.Protocols;
using Compeer.Protocols.Gossipsub;
using Compeer.Protocols.Identity;
using Compeer.Protocols.Overlays;
using Compeer.Protocols.Trackers;

namespace Compeer.Network.Gossipsub;

// Which peers are spoken to.
public sealed partial class PubsubService
{
    /// <summary>Dials at once to peers that others offered.</summary>
    private const int MaxOfferDials = 4;

    /// <summary>Bytes of an IPv6 address that one subscriber holds.</summary>
    private const int Ipv6PrefixBytes = 8;

    private readonly ConcurrentDictionary<PeerId, ReadOnlyMemory<byte>> _records = [];
    private readonly ConcurrentDictionary<PeerId, bool> _greeting = [];
    private readonly SemaphoreSlim _offerDials = new(MaxOfferDials);

    void IOverlayOwner.OnFault(PeerId peer, string fault) => _driver.Step(_ => _router.Scores.Blame(peer, 1));

    void IOverlayOwner.OnLost(PeerId peer)
    {
        if (ConnectionWith(peer) is not null && _greeting.TryAdd(peer, true) && !_scope.TryRun(token => GreetAsync(peer, token)))
            _greeting.TryRemove(peer, out _);
    }

    /// <summary>What a peer says first is heard only when the router knows it; one that tells nothing of itself speaks what it opened the stream for.</summary>
    async ValueTask IOverlayOwner.OnOpenedAsync(DuplexStream stream, CancellationToken cancellationToken)
    {
        await stream.Connection.Identified.WaitAsync(cancellationToken);
        Meet(stream.Connection, [.. stream.Connection.Remote?.Protocols ?? [], stream.Protocol]);
    }

    private void OnIdentified(HostConnection connection)
    {
        if (connection.Remote is not { } told)
            return;
        if (!told.SignedPeerRecord.IsEmpty && _options.OffersPeers)
            _records[connection.RemotePeer] = told.SignedPeerRecord;
        Meet(connection, told.Protocols);
    }

    private void Meet(HostConnection connection, IReadOnlyList<string> theirs)
    {
        if (VersionOf(theirs) is not { } version)
            return;
        _driver.Step(_ =>
        {
            // Where it has closed meanwhile, its end was told before, or comes after this.
            if (connection.IsOpen)
                _router.AddPeer(connection.RemotePeer, version, !connection.IsIncoming, AddressNumber(connection.RemoteAddress), _options.DirectPeers.Contains(connection.RemotePeer));
        });
    }

    private void OnDisconnected(HostConnection connection)
    {
        if (ConnectionWith(connection.RemotePeer) is not null)
            return;
        _records.TryRemove(connection.RemotePeer, out _);
        _driver.Step(now => _router.RemovePeer(connection.RemotePeer, now));
    }

    /// <summary>The stream to a connected peer broke, and with it what we said last.</summary>
    private async Task GreetAsync(PeerId peer, CancellationToken cancellationToken)
    {
        try
        {
            await Task.Delay(_options.GreetAfter, cancellationToken);
            _driver.Step(_ => _router.Greet(peer));
        }
        catch (OperationCanceledException)
        {
            // The service ends.
        }
        finally
        {
            _greeting.TryRemove(peer, out _);
        }
    }

    private HostConnection? ConnectionWith(PeerId peer) => _host.Connections.FirstOrDefault(c => c.RemotePeer == peer && c.IsOpen);

    /// <summary>The best of our protocols that a peer has.</summary>
    private PubsubVersion? VersionOf(IReadOnlyList<string> theirs) => _options.Protocols.FirstOrDefault(theirs.Contains) switch
    {
        "/meshsub/1.2.0" => PubsubVersion.Gossipsub12,
        "/meshsub/1.1.0" => PubsubVersion.Gossipsub11,
        "/meshsub/1.0.0" => PubsubVersion.Gossipsub10,
        "/floodsub/1.0.0" => PubsubVersion.Floodsub,
        _ => null,
    };

    /// <summary>Addresses of one subscriber have one number; those of this machine have none, since nobody else comes from there.</summary>
    private static ulong AddressNumber(Multiaddr address)
    {
        if (!address.TryGetTcp(out IPEndPoint? endPoint) || IPAddress.IsLoopback(endPoint.Address))
            return 0;
        byte[] bytes = endPoint.Address.GetAddressBytes();
        ulong number = 0;
        foreach (byte b in bytes.Take(Ipv6PrefixBytes))
            number = (number << 8) | b;
        return number;
    }

    private OfferedPeer Describe(PeerId peer) => new(peer.Bytes.ToArray(), _records.GetValueOrDefault(peer));

    /// <summary>Connects to peers that another one offered, where they signed their addresses themselves and those lead no further inwards than the other's.</summary>
    private async Task ConnectAsync(GossipsubEvent<PeerId>.PeersOffered offered, CancellationToken cancellationToken)
    {
        AddressReach reach = ConnectionWith(offered.By) is { } by ? by.Reach : AddressReach.Global;
        foreach (OfferedPeer offer in offered.Peers)
        {
            if (!PeerId.TryDecode(offer.PeerId.Span, out PeerId peer) || peer == _host.Id || ConnectionWith(peer) is not null
                || !PeerRecord.TryOpen(offer.SignedPeerRecord.Span, OpenSslKeys.Instance, out PeerRecord? record) || record.Peer != peer)
            {
                continue;
            }
            _host.AddAddresses(peer, record.Addresses.Where(a => AddressReaches.OfTcp(a) >= reach));
            try
            {
                await _offerDials.WaitAsync(cancellationToken);
                try
                {
                    await _host.ConnectAsync(peer, cancellationToken);
                }
                finally
                {
                    _offerDials.Release();
                }
            }
            catch (Exception e) when (e is IOException or OperationCanceledException)
            {
                // There are others.
            }
        }
    }

    /// <summary>Whether a peer is there, its connection says: what is lost on a broken stream does not make the router forget it.</summary>
    private sealed class ConnectedRouter(GossipsubRouter<PeerId> router) : IOverlayMachine<PeerId, GossipsubRpc>
    {
        public Instant NextDeadline => router.NextDeadline;

        public void Receive(PeerId from, in GossipsubRpc message, Instant now) => router.Receive(from, message, now);

        public void OnUndelivered(PeerId to, in GossipsubRpc message, Instant now)
        {
        }

        public void OnDeadline(Instant now) => router.OnDeadline(now);

        public bool TryTransmit(out PeerId to, out GossipsubRpc message) => router.TryTransmit(out to, out message);
    }
}
