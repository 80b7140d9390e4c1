using System.Threading.Channels;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols;
using Compeer.Protocols.Overlays;
using Compeer.Protocols.Pastry;
using Compeer.Protocols.Scribe;

namespace Compeer.Network.Overlays;

/// <summary>Routes by prefix over the streams of a host (Pastry); multicasts to groups along trees of those routes, and sums up along them what members contribute (Scribe). Thread-safe.</summary>
public sealed class ScribeService : IOverlayOwner, IAsyncDisposable
{
    private const int MaxWaiting = 1024;
    private static readonly TimeSpan JoinLookEvery = TimeSpan.FromMilliseconds(100);

    private readonly ScribeNode<PeerId> _node;
    private readonly OverlayDriver<ScribeMessage<PeerId>> _driver;
    private readonly Channel<ScribeDelivery> _news = Bounded<ScribeDelivery>();
    private readonly Channel<PastryDelivery<PeerId>> _arrived = Bounded<PastryDelivery<PeerId>>();

    private ScribeService(PeerHost host, PastryOptions routing, ScribeOptions options)
    {
        // The round trip of the connection, where there is one, says how near a peer is.
        var pastry = new PastryNode<PeerId>(new RingContact<PeerId>(RingKey.Of(host.Id), host.Id), routing, SecureRandom.Instance, MonotonicClock.Now, peer => Proximity(host, peer));
        _node = new ScribeNode<PeerId>(pastry, options);
        var driver = new OverlayDriverOptions { Protocols = [ScribeCodec.Protocol], MaxMessageBytes = ScribeCodec.MaxBytes };
        _driver = OverlayDriver<ScribeMessage<PeerId>>.Start(host, _node, new ScribeCodec(new HostAddresses(host)), driver, this);
    }

    /// <summary>News of the groups that we are in; of those that nobody takes the newest are kept.</summary>
    public ChannelReader<ScribeDelivery> News => _news.Reader;

    /// <summary>Messages whose key we are nearest to; of those that nobody takes the newest are kept.</summary>
    public ChannelReader<PastryDelivery<PeerId>> Arrived => _arrived.Reader;

    /// <summary>Takes part from now on.</summary>
    public static ScribeService Start(PeerHost host, PastryOptions? routing = null, ScribeOptions? options = null) =>
        new(host, routing ?? new PastryOptions(), options ?? new ScribeOptions());

    /// <summary>The first node of all has nobody to ask.</summary>
    public void BeginAlone() => _driver.Step(_ => _node.Routing.BeginAlone());

    /// <summary>Joins through a peer, best one that is near; asks again until it is welcome.</summary>
    public async Task JoinAsync(PeerId entry, CancellationToken cancellationToken = default)
    {
        _driver.Step(now => _node.Routing.Join(new RingContact<PeerId>(RingKey.Of(entry), entry), now));
        while (!_driver.Step(_ => _node.Routing.IsJoined))
            await Task.Delay(JoinLookEvery, cancellationToken);
    }

    /// <summary>Sends a message to the node nearest to a key.</summary>
    /// <returns>Its number.</returns>
    public ulong Route(RingKey key) => _driver.Step(_ =>
    {
        ulong id = (ulong)SecureRandom.Instance.NextInt64();
        _node.Routing.Route(key, id);
        return id;
    });

    /// <summary>Wants the news of a group; false when we are in too many.</summary>
    public bool TrySubscribe(RingKey group) => _driver.Step(now => _node.TrySubscribe(group, now));

    /// <summary>Wants them no more.</summary>
    public void Unsubscribe(RingKey group) => _driver.Step(_ => _node.Unsubscribe(group));

    /// <summary>Sends news to all members of a group; whoever is not reached while the tree is mended misses it.</summary>
    /// <returns>Its number.</returns>
    public ulong Publish(RingKey group, ReadOnlyMemory<byte> payload) => _driver.Step(_ =>
    {
        ulong id = (ulong)SecureRandom.Instance.NextInt64();
        _node.Publish(group, id, payload);
        return id;
    });

    /// <summary>Contributes a value to a group's total, instead of the one before; false when we are in too many groups.</summary>
    /// <param name="group">The group; we need not be a member.</param>
    /// <param name="value">From minus to plus <see cref="ScribeAggregate.MaxMagnitude"/>.</param>
    /// <param name="extra">What <see cref="ScribeOptions.Combine"/> combines; at most <see cref="ScribeAggregate.MaxExtraBytes"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value or the extra is beyond its bound.</exception>
    public bool TryContribute(RingKey group, double value, ReadOnlyMemory<byte> extra = default) => _driver.Step(now => _node.TryContribute(group, value, now, extra));

    /// <summary>Contributes no longer.</summary>
    public void Withdraw(RingKey group) => _driver.Step(_ => _node.Withdraw(group));

    /// <summary>The last total of a group that we are in, and how long we know it; null before the first. It is as true as those between the contributors and us.</summary>
    public (ScribeAggregate Aggregate, TimeSpan Age)? TotalOf(RingKey group) =>
        _driver.Step<(ScribeAggregate, TimeSpan)?>(now => _node.TryGetTotal(group, out ScribeTotal total) ? (total.Aggregate, now - total.At) : null);

    /// <summary>The nodes nearest to our key.</summary>
    public IReadOnlyList<RingContact<PeerId>> Leaves() => _driver.Step(_ => _node.Routing.Leaves);

    void IOverlayOwner.OnStep(Instant now)
    {
        while (_node.TryTakeDelivery(out ScribeDelivery news))
            _news.Writer.TryWrite(news);
        while (_node.Routing.TryTakeDelivery(out PastryDelivery<PeerId> arrived))
            _arrived.Writer.TryWrite(arrived);
    }

    public ValueTask DisposeAsync() => _driver.DisposeAsync();

    private static long Proximity(PeerHost host, PeerId peer) =>
        host.Connections.FirstOrDefault(c => c.RemotePeer == peer)?.RoundTrip is { Ticks: > 0 } roundTrip ? roundTrip.Ticks : long.MaxValue;

    private static Channel<T> Bounded<T>() => Channel.CreateBounded<T>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
}
