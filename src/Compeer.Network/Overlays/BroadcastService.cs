using System.Threading.Channels;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols;
using Compeer.Protocols.HyParView;
using Compeer.Protocols.Plumtree;

namespace Compeer.Network.Overlays;

/// <summary>Keeps neighbours among all members (HyParView), and sends to everybody over them (Plumtree), by the streams of a host. Thread-safe.</summary>
public sealed class BroadcastService : IOverlayOwner, IAsyncDisposable
{
    private const int MaxWaiting = 1024;

    private readonly PeerHost _host;
    private readonly BroadcastNode<PeerId> _node;
    private readonly OverlayDriver<BroadcastMessage<PeerId>> _driver;
    private readonly Channel<PlumtreeMessage> _news = Channel.CreateBounded<PlumtreeMessage>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropOldest });

    private BroadcastService(PeerHost host, HyParViewOptions membership, PlumtreeOptions broadcast)
    {
        _host = host;
        _node = new BroadcastNode<PeerId>(host.Id, membership, broadcast, SecureRandom.Instance, MonotonicClock.Now);
        var driver = new OverlayDriverOptions { Protocols = [BroadcastCodec.Protocol], MaxMessageBytes = BroadcastCodec.MaxBytes };
        _driver = OverlayDriver<BroadcastMessage<PeerId>>.Start(host, _node, new BroadcastCodec(new HostAddresses(host)), driver, this);
        host.Disconnected += OnDisconnected;
    }

    /// <summary>What others broadcast, once each; of those that nobody takes the newest are kept.</summary>
    public ChannelReader<PlumtreeMessage> News => _news.Reader;

    /// <summary>Takes part from now on, alone until somebody joins or is joined.</summary>
    public static BroadcastService Start(PeerHost host, HyParViewOptions? membership = null, PlumtreeOptions? broadcast = null) =>
        new(host, membership ?? new HyParViewOptions(), broadcast ?? new PlumtreeOptions());

    /// <summary>Joins through a peer; when it cannot be reached, the neighbours stay none.</summary>
    public void Join(PeerId entry) => _driver.Step(_ => _node.Members.Join(entry));

    /// <summary>Sends to everybody; the same payload only once.</summary>
    /// <param name="payload">At most <see cref="PlumtreeOptions.MaxPayloadBytes"/>.</param>
    /// <returns>Its number.</returns>
    public ulong Broadcast(ReadOnlyMemory<byte> payload)
    {
        ulong number = PlumtreeMessage.NumberOf(payload.Span);
        _driver.Step(_ => _node.Tree.Broadcast(number, payload));
        return number;
    }

    /// <summary>Our neighbours.</summary>
    public PeerId[] Neighbours() => _driver.Step(_ => _node.Members.Active.ToArray());

    /// <summary>Neighbours, and the nodes in reserve: a sample of all members.</summary>
    public PeerId[] Sample() => _driver.Step(_ => _node.Members.Active.Concat(_node.Members.Passive).ToArray());

    void IOverlayOwner.OnStep(Instant now)
    {
        while (_node.Tree.TryTakeDelivery(out PlumtreeMessage news))
            _news.Writer.TryWrite(news);
    }

    public ValueTask DisposeAsync()
    {
        _host.Disconnected -= OnDisconnected;
        return _driver.DisposeAsync();
    }

    private void OnDisconnected(HostConnection connection)
    {
        if (!_host.Connections.Any(c => c.RemotePeer == connection.RemotePeer && c.IsOpen))
            _driver.Step(now => _node.OnLinkDown(connection.RemotePeer, now));
    }
}
