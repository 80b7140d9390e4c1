using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Network.Gossipsub;
using Compeer.Network.Hosting;
using Compeer.Protocols.Gossipsub;

namespace Compeer.Tests.Gossipsub;

/// <summary>Hosts on loopback that publish and subscribe; heartbeats are quick, so that tests are.</summary>
internal sealed class PubsubNet : IAsyncDisposable
{
    public const string Topic = "news";

    public static readonly GossipsubOptions Quick = new() { Heartbeat = TimeSpan.FromMilliseconds(100) };

    private static readonly Multiaddr AnyPort = Multiaddr.Parse("/ip4/127.0.0.1/tcp/0");

    public List<PubsubNode> Nodes { get; } = [];

    public PubsubNode this[int node] => Nodes[node];

    /// <summary>So many nodes, the first of which are connected as pairs say.</summary>
    public static async Task<PubsubNet> StartAsync(PubsubOptions?[] options, (int Dialer, int Listener)[] links, CancellationToken limit)
    {
        var net = new PubsubNet();
        foreach (PubsubOptions? each in options)
        {
            PeerHost host = await PeerHost.StartAsync(new PeerHostOptions { Listen = [AnyPort] });
            net.Nodes.Add(new PubsubNode(host, PubsubService.Start(host, each ?? new PubsubOptions { Gossipsub = Quick })));
        }
        foreach ((int dialer, int listener) in links)
            await net[dialer].Host.ConnectAsync(net[listener].Host.Addresses[0].With(net[listener].Host.Id), limit);
        return net;
    }

    /// <summary>All take part in the topic, and know it of those whom they are connected with.</summary>
    public async Task SubscribeAsync(CancellationToken limit)
    {
        foreach (PubsubNode node in Nodes)
            node.Subscription ??= node.Pubsub.Subscribe(Topic);
        foreach (PubsubNode node in Nodes)
            await UntilAsync(() => node.Host.Connections.All(c => node.Pubsub.PeersOf(Topic).Contains(c.RemotePeer)), limit);
    }

    public static async Task UntilAsync(Func<bool> holds, CancellationToken limit)
    {
        while (!holds())
            await Task.Delay(10, limit);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (PubsubNode node in Nodes)
        {
            await node.Pubsub.DisposeAsync();
            await node.Host.DisposeAsync();
        }
    }
}

internal sealed record PubsubNode(PeerHost Host, PubsubService Pubsub)
{
    public PubsubSubscription? Subscription { get; set; }

    public ValueTask<MessageId> SayAsync(string text) => Pubsub.PublishAsync(PubsubNet.Topic, Encoding.UTF8.GetBytes(text));

    public async Task<string> HearAsync(CancellationToken limit) => Encoding.UTF8.GetString((await Subscription!.ReadAsync(limit)).Data.Span);
}
