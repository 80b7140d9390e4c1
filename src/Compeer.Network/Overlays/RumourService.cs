using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols.Gossip;

namespace Compeer.Network.Overlays;

/// <summary>Spreads the numbers of news as rumours over the streams of a host: cheap, and a few hear nothing. Thread-safe.</summary>
public sealed class RumourService : IAsyncDisposable
{
    private readonly RumourNode<PeerId> _node;
    private readonly OverlayDriver<RumourMessage> _driver;

    private RumourService(PeerHost host, RumourOptions options, Func<PeerId?> partner)
    {
        _node = new RumourNode<PeerId>(options, SecureRandom.Instance, partner);
        var driver = new OverlayDriverOptions { Protocols = [RumourCodec.Protocol], MaxMessageBytes = RumourCodec.MaxBytes };
        _driver = OverlayDriver<RumourMessage>.Start(host, _node, new RumourCodec(), driver);
    }

    /// <summary>Takes part from now on.</summary>
    /// <param name="host">Gives the streams.</param>
    /// <param name="options">When a node stops telling.</param>
    /// <param name="partner">Draws somebody to tell, from <see cref="BroadcastService.Sample"/> say; null for nobody. Must not use this service.</param>
    public static RumourService Start(PeerHost host, RumourOptions options, Func<PeerId?> partner) => new(host, options, partner);

    /// <summary>Begins to tell a rumour.</summary>
    public void Tell(ulong rumour) => _driver.Step(now => _node.Tell(rumour, now));

    /// <summary>Whether a rumour was heard.</summary>
    public bool Knows(ulong rumour) => _driver.Step(_ => _node.Knows(rumour));

    public ValueTask DisposeAsync() => _driver.DisposeAsync();
}
