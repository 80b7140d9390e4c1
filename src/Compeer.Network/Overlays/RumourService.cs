using System.Threading.Channels;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols;
using Compeer.Protocols.Gossip;

namespace Compeer.Network.Overlays;

/// <summary>Spreads news as rumours over the streams of a host, numbers or small payloads: cheap, and a few hear nothing. Thread-safe.</summary>
public sealed class RumourService : IOverlayOwner, IAsyncDisposable
{
    private const int MaxWaiting = 1024;

    private readonly RumourNode<PeerId> _node;
    private readonly OverlayDriver<RumourMessage> _driver;
    private readonly Channel<RumourNews> _news = Channel.CreateBounded<RumourNews>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropOldest });

    private RumourService(PeerHost host, RumourOptions options, Func<PeerId?> partner)
    {
        _node = new RumourNode<PeerId>(options, SecureRandom.Instance, partner);
        var driver = new OverlayDriverOptions { Protocols = [RumourCodec.Protocol], MaxMessageBytes = RumourCodec.MaxBytes };
        _driver = OverlayDriver<RumourMessage>.Start(host, _node, new RumourCodec(), driver, this);
    }

    /// <summary>Takes part from now on.</summary>
    /// <param name="host">Gives the streams.</param>
    /// <param name="options">When a node stops telling.</param>
    /// <param name="partner">Draws somebody to tell, from <see cref="BroadcastService.Sample"/> say; null for nobody. Must not use this service.</param>
    public static RumourService Start(PeerHost host, RumourOptions options, Func<PeerId?> partner) => new(host, options, partner);

    /// <summary>Rumours that came with their payloads, where they have them; of those that nobody takes the newest are kept. Who sent a payload first is not known, so what needs an author is signed.</summary>
    public ChannelReader<RumourNews> News => _news.Reader;

    /// <summary>Begins to tell a rumour with a payload.</summary>
    /// <returns>Its number.</returns>
    /// <exception cref="InvalidOperationException">Rumours have no payloads here.</exception>
    /// <exception cref="ArgumentException">It is empty, or longer than <see cref="RumourOptions.MaxPayloadBytes"/>.</exception>
    public ulong Tell(ReadOnlyMemory<byte> payload) => _driver.Step(now => _node.Tell(payload, now));

    /// <summary>Begins to tell a rumour that is only a number.</summary>
    /// <exception cref="InvalidOperationException">Rumours have payloads here.</exception>
    public void Tell(ulong rumour) => _driver.Step(now => _node.Tell(rumour, now));

    /// <summary>Whether a rumour was heard, with its payload where rumours have them.</summary>
    public bool Knows(ulong rumour) => _driver.Step(_ => _node.Knows(rumour));

    void IOverlayOwner.OnStep(Instant now)
    {
        while (_node.TryTakeNews(out RumourNews news))
            _news.Writer.TryWrite(news);
    }

    public ValueTask DisposeAsync() => _driver.DisposeAsync();
}
