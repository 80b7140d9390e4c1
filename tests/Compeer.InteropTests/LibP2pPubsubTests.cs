using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using Compeer.Formats.Multiformats;
using Compeer.InteropTests.Lab;
using Compeer.Network.Gossipsub;
using Compeer.Network.Hosting;

namespace Compeer.InteropTests;

/// <summary>Ten of our hosts and ten nodes of js-libp2p in one mesh: of gossipsub 1.2, 1.1 only, and one of floodsub.</summary>
public sealed class LibP2pPubsubTests
{
    private const string Topic = "news";
    private const int Ours = 10, Each = 3, MessageBytes = 2048;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);

    private readonly CancellationToken _limit = new CancellationTokenSource(TimeSpan.FromSeconds(150)).Token;

    [ForeignFact(Needs.NodePackages)]
    public async Task Every_message_comes_once_to_all_of_ten_and_ten_and_to_those_who_stay_when_some_leave()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost jsHost = await network.AddHostAsync();
        var ours = new List<Node>();
        for (int i = 0; i < Ours; i++)
            ours.Add(await Node.StartAsync(LibP2pPeer.BridgeAddress(jsHost)));
        string[] addresses = [.. ours.Select(o => o.Host.Addresses[0].With(o.Host.Id).ToString())];
        JsonProcess[] processes =
        [
            Start(jsHost, 5, addresses),
            Start(jsHost, 4, addresses, "--protocols", "/meshsub/1.1.0"),
            Start(jsHost, 1, addresses, "--router", "floodsub"),
        ];
        var theirs = new List<(JsonProcess Process, int Node, string Id)>();
        foreach (JsonProcess process in processes)
        {
            JsonElement nodes = (await process.WaitForAsync("ready", Limit)).Values.GetProperty("nodes");
            foreach (JsonElement node in nodes.EnumerateArray())
            {
                // The other half of the links: we dial them.
                await ours[theirs.Count % Ours].Host.ConnectAsync(Multiaddr.Parse(node.GetProperty("address").GetString()!), _limit);
                theirs.Add((process, nodes.EnumerateArray().ToList().IndexOf(node), node.GetProperty("id").GetString()!));
            }
        }
        for (int i = 0; i < Ours; i++)
        {
            foreach (int step in (int[])[1, 3])
                await ours[i].Host.ConnectAsync(Multiaddr.Parse(addresses[(i + step) % Ours]), _limit);
        }
        foreach (Node node in ours)
            await UntilAsync(() => node.Pubsub.MeshOf(Topic).Count >= 4);
        foreach ((JsonProcess process, int node, _) in theirs.SkipLast(1))
            await process.WaitForAsync("mesh", e => e.Number("node") == node && e.Number("size") >= 2, Limit);
        await theirs[^1].Process.WaitForAsync("subscribed", e => e.Number("peers") >= 3, Limit);

        string go = $"go {Each} {MessageBytes}";
        await ours[0].SayAsync(go);
        foreach (Node node in ours)
        {
            for (int i = 0; i < Each; i++)
                await node.SayAsync($"ours {node.Host.Id} {i}");
        }
        HashSet<string> all = [go, .. ours.SelectMany(o => Texts("ours", o.Host.Id.ToString())), .. theirs.SelectMany(t => Texts("js", t.Id))];
        foreach (Node node in ours)
            await node.HasHeardAsync([.. all.Except(node.Said)], UntilAsync);
        foreach ((JsonProcess process, int node, string id) in theirs)
            await HasHeardAsync(process, node, [.. all.Except(Texts("js", id))]);
        foreach (JsonProcess process in processes)
        {
            foreach (JsonEvent message in process.Events.Where(e => e.Name == "message" && e.Text("text").StartsWith("ours", StringComparison.Ordinal)))
                Assert.Equal(message.Text("text").Split(' ')[1], message.Text("from"));
        }
        JsonEvent spared = await processes[0].WaitForAsync("idontwant", Limit);
        Assert.True(spared.Number("sent") > 0 && spared.Number("received") > 0);

        // Two of each leave; what is said then comes to all others, once.
        string leave = $"leave {theirs[1].Id},{theirs[6].Id}";
        await ours[0].SayAsync(leave);
        await theirs[1].Process.WaitForAsync("left", Limit);
        await theirs[6].Process.WaitForAsync("left", Limit);
        await ours[8].DisposeAsync();
        await ours[9].DisposeAsync();
        foreach (Node node in ours.Take(8))
            await UntilAsync(() => node.Host.Connections.All(c => c.RemotePeer != ours[8].Host.Id && c.RemotePeer != ours[9].Host.Id && c.RemotePeer.ToString() != theirs[1].Id && c.RemotePeer.ToString() != theirs[6].Id));
        string[] later = [.. Enumerable.Range(0, 5).Select(i => $"later {i}")];
        foreach (string text in later)
            await ours[3].SayAsync(text);
        all = [.. all, leave, .. later];
        foreach (Node node in ours.Take(8))
            await node.HasHeardAsync([.. all.Except(node.Said)], UntilAsync);
        foreach ((JsonProcess process, int node, string id) in theirs.Where(t => t != theirs[1] && t != theirs[6]))
            await HasHeardAsync(process, node, [.. all.Except(Texts("js", id))]);
        foreach (Node node in ours)
            await node.DisposeAsync();
    }

    private static IEnumerable<string> Texts(string who, string id) => Enumerable.Range(0, Each).Select(i => $"{who} {id} {i}");

    private static JsonProcess Start(LabHost host, int nodes, string[] dial, params string[] more) => new(
        host, Prerequisites.PathOf("node"), [LabFiles.Peer("js/libp2p_pubsub.mjs"), host.Address, "--nodes", $"{nodes}", "--topic", Topic, "--dial", string.Join(',', dial), "--seconds", "150", .. more]);

    /// <summary>Waits until a node of js has heard so many, then compares: each once.</summary>
    private async Task HasHeardAsync(JsonProcess process, int node, string[] texts)
    {
        string[] Heard() => [.. process.Events.Where(e => e.Name == "message" && e.Number("node") == node).Select(e => e.Text("text"))];
        await UntilAsync(() => Heard().Length >= texts.Length, () => $"js heard {Heard().Length} of {texts.Length}; it lacks {string.Join(", ", texts.Except(Heard()).Take(5))}");
        Assert.Equal(texts.Order(), Heard().Order());
    }

    private Task UntilAsync(Func<bool> holds) => UntilAsync(holds, () => "not in time");

    private async Task UntilAsync(Func<bool> holds, Func<string> why)
    {
        while (!holds())
        {
            Assert.False(_limit.IsCancellationRequested, why());
            await Task.Delay(20, CancellationToken.None);
        }
    }

    private sealed class Node : IAsyncDisposable
    {
        private readonly ConcurrentQueue<string> _heard = new();
        private readonly PubsubSubscription _subscription;
        private readonly Task _hearing;

        private Node(PeerHost host)
        {
            Host = host;
            Pubsub = PubsubService.Start(host, new PubsubOptions());
            _subscription = Pubsub.Subscribe(Topic);
            _hearing = HearAsync();
        }

        public PeerHost Host { get; }

        public PubsubService Pubsub { get; }

        public List<string> Said { get; } = [];

        public static async Task<Node> StartAsync(string address) =>
            new(await PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse($"/ip4/{address}/tcp/0")] }));

        public async Task SayAsync(string text)
        {
            Said.Add(text);
            byte[] data = new byte[MessageBytes];
            Encoding.UTF8.GetBytes(text, data);
            await Pubsub.PublishAsync(Topic, data);
        }

        public async Task HasHeardAsync(string[] texts, Func<Func<bool>, Func<string>, Task> untilAsync)
        {
            await untilAsync(() => _heard.Count >= texts.Length, () => $"we heard {_heard.Count} of {texts.Length}; we lack {string.Join(", ", texts.Except(_heard).Take(5))}");
            Assert.Equal(texts.Order(), _heard.Order());
        }

        public async ValueTask DisposeAsync()
        {
            await Pubsub.DisposeAsync();
            await Host.DisposeAsync();
            await _hearing;
        }

        private async Task HearAsync()
        {
            await foreach (ReceivedMessage message in _subscription)
            {
                string text = Encoding.UTF8.GetString(message.Data.Span).TrimEnd('\0');
                if (text.Split(' ') is ["ours" or "js", var author, _])
                    Assert.Equal(author, message.Author.ToString());
                _heard.Enqueue(text);
            }
        }
    }
}
