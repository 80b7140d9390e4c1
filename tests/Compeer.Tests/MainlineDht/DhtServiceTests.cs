using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Network;
using Compeer.Network.MainlineDht;
using Compeer.Network.Transports;
using Compeer.Protocols.MainlineDht;
using Compeer.Tests.Sessions;

namespace Compeer.Tests.MainlineDht;

/// <summary>Datagrams, intents and deadlines meet in one place; each is done by whoever brings it.</summary>
public sealed class DhtServiceTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly DhtOptions Unlimited = new() { QueriesPerSecond = 1_000_000, QueryBurst = 1_000_000, ReplyBytesPerSecond = 0 };

    [Fact]
    public async Task Answers_come_in_the_order_of_their_questions_and_none_is_lost()
    {
        await using var ours = new Service(Unlimited);
        using UdpClient asker = NewAsker();
        const int Questions = 300;
        for (int i = 0; i < Questions; i++)
            await asker.SendAsync(Ping(i), ours.EndPoint);
        var answered = new List<string>();
        using var limit = new CancellationTokenSource(Patience);
        while (answered.Count < Questions)
        {
            string answer = Encoding.Latin1.GetString((await asker.ReceiveAsync(limit.Token)).Buffer);
            // It asks us back whether we are a node.
            if (answer.EndsWith("1:y1:re", StringComparison.Ordinal))
                answered.Add(answer.Substring(answer.IndexOf("1:t4:", StringComparison.Ordinal) + 5, 4));
        }
        Assert.Equal(Enumerable.Range(0, Questions).Select(Transaction), answered);
    }

    [Fact]
    public async Task A_flood_of_datagrams_holds_up_no_intent()
    {
        await using var ours = new Service(new DhtOptions());
        var flood = new Flood(ours.Dht);
        await flood.Begun.WaitAsync(Patience);
        for (int i = 0; i < 100; i++)
            Assert.NotEmpty(await ours.Dht.GetTablesAsync(CancellationToken.None).WaitAsync(Patience));
        await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => ours.Dht.GetTablesAsync(CancellationToken.None)))).WaitAsync(Patience);
        Assert.True(await flood.EndAsync() > 0);
    }

    [Fact]
    public async Task After_its_end_nothing_is_answered_and_nobody_waits()
    {
        await using var node = new SlowDhtNode();
        var ours = new Service(Unlimited, new DnsEndPoint("127.0.0.1", node.Port));
        await ours.Dht.Ready.WaitAsync(Patience);
        Task<DhtSearchReport>[] searches = [.. Enumerable.Range(0, 40).Select(i => ours.Dht.FindPeersAsync(Swarm(i), GetPeersOptions.Default, _ => { }, CancellationToken.None))];
        var flood = new Flood(ours.Dht);
        await flood.Begun.WaitAsync(Patience);
        var tables = new ConcurrentBag<Task>();
        Task asking = Task.Run(() =>
        {
            for (int i = 0; i < 1000; i++)
                tables.Add(ours.Dht.GetTablesAsync(CancellationToken.None));
        });
        await ours.Dht.DisposeAsync();
        await asking.WaitAsync(Patience);
        await flood.EndAsync();

        await Task.WhenAll(tables.Concat(searches)).ContinueWith(_ => { }, TaskScheduler.Default).WaitAsync(Patience);
        Assert.All(searches, s => Assert.True(s.IsCanceled));
        Assert.All(tables, t => Assert.True(t.IsCompletedSuccessfully || t.IsCanceled));
        using UdpClient asker = NewAsker();
        Assert.True(ours.Dht.TryReceive(Ping(1), (IPEndPoint)asker.Client.LocalEndPoint!));
        ours.Dht.AddNode((IPEndPoint)asker.Client.LocalEndPoint!);
        // Whoever brings a datagram answers it, and loopback delivers at once.
        Assert.Equal(0, asker.Available);
        await ours.DisposeAsync();
    }

    [Fact]
    public async Task What_a_callback_wants_is_done_after_it()
    {
        await using var node = new SlowDhtNode();
        using UdpClient other = NewAsker();
        Service? service = null;
        await using var ours = service = new Service(Unlimited with { Lookup = new() { ShortTimeout = TimeSpan.FromMilliseconds(100) } }, new DnsEndPoint("127.0.0.1", node.Port), seen: () => service!.Dht.AddNode((IPEndPoint)other.Client.LocalEndPoint!));
        // The node answers pings and says where it sees us.
        using UdpClient asker = NewAsker();
        using var limit = new CancellationTokenSource(Patience);
        ours.Dht.AddNode((IPEndPoint)asker.Client.LocalEndPoint!);
        UdpReceiveResult question = await asker.ReceiveAsync(limit.Token);
        string text = Encoding.Latin1.GetString(question.Buffer);
        string transaction = text.Substring(text.IndexOf("1:t4:", StringComparison.Ordinal) + 5, 4);
        await asker.SendAsync(Encoding.Latin1.GetBytes($"d2:ip6:\u007f\0\0\u0001\u0004\u00041:rd2:id20:another node of heree1:t4:{transaction}1:y1:re"), ours.EndPoint, limit.Token);
        Assert.Contains("4:ping", Encoding.Latin1.GetString((await other.ReceiveAsync(limit.Token)).Buffer), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_search_that_nobody_answers_ends_by_its_deadline()
    {
        await using var node = new SlowDhtNode();
        await using var ours = new Service(new DhtOptions { QueryTimeout = TimeSpan.FromMilliseconds(300) }, new DnsEndPoint("127.0.0.1", node.Port));
        await ours.Dht.Ready.WaitAsync(Patience);
        // It holds back what is asked about swarms.
        DhtSearchReport report = await ours.Dht.FindPeersAsync(Swarm(1), GetPeersOptions.Default, _ => { }, CancellationToken.None).WaitAsync(Patience);
        Assert.Equal((1, 0), (report.Asked, report.Replied));
    }

    [Fact]
    public async Task A_search_waits_until_somebody_is_known_and_is_not_told_of_when_it_was_called_off()
    {
        await using var node = new SlowDhtNode();
        node.AnswerAll();
        await using var ours = new Service(new DhtOptions());
        var ended = new ConcurrentQueue<int>();
        var last = new TaskCompletionSource<DhtSearchReport>(TaskCreationOptions.RunContinuationsAsynchronously);
        using IDisposable first = ours.Dht.FindPeers(Swarm(1), GetPeersOptions.Default, _ => { }, _ => ended.Enqueue(1));
        using IDisposable second = ours.Dht.FindPeers(Swarm(2), GetPeersOptions.Default, _ => { }, last.SetResult);
        first.Dispose();
        ours.Dht.AddNode(new IPEndPoint(IPAddress.Loopback, node.Port));
        Assert.Equal(1, (await last.Task.WaitAsync(Patience)).Replied);
        Assert.Equal(Swarm(2), await node.FirstAskedAsync(_ => true));
        Assert.Empty(ended);
    }

    private static UdpClient NewAsker()
    {
        var asker = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        asker.Client.ReceiveBufferSize = 4 << 20;
        return asker;
    }

    private static string Transaction(int number) => number.ToString("D4", CultureInfo.InvariantCulture);

    private static byte[] Ping(int number) => Encoding.ASCII.GetBytes($"d1:ad2:id20:a node that asks ofte1:q4:ping1:t4:{Transaction(number)}1:y1:qe");

    private static Sha1Hash Swarm(int number) => new([.. Enumerable.Repeat((byte)number, 20)]);

    private sealed class Service : IAsyncDisposable
    {
        private readonly SharedTimers _timers = new();
        private readonly UdpEndpoint _udp = UdpEndpoint.Bind(new IPEndPoint(IPAddress.Loopback, 0));

        public Service(DhtOptions options, DnsEndPoint? entry = null, Action? seen = null)
        {
            Action<IPEndPoint, IPEndPoint>? told = seen is null ? null : (_, _) => seen();
            Dht = DhtService.Start(_udp, new DhtServiceOptions { Entries = entry is null ? [] : [entry], Node = options, AddressSeen = told }, _timers);
            _udp.Add(Dht);
            _udp.Start(onOwnThread: true);
        }

        public DhtService Dht { get; }

        public IPEndPoint EndPoint => _udp.LocalEndPoint;

        public async ValueTask DisposeAsync()
        {
            await Dht.DisposeAsync();
            await _udp.DisposeAsync();
            _timers.Dispose();
        }
    }

    /// <summary>Questions of ever other senders, batch after batch without a pause, as an endpoint's thread would bring them.</summary>
    private sealed class Flood
    {
        private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly Task<int> _running;
        private volatile bool _isOver;

        public Flood(DhtService dht) => _running = Task.Factory.StartNew(() => Run(dht), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        public Task Begun => _begun.Task;

        public Task<int> EndAsync()
        {
            _isOver = true;
            return _running.WaitAsync(Patience);
        }

        private int Run(DhtService dht)
        {
            int taken = 0;
            for (int batch = 0; batch < 10_000_000 && !_isOver; batch++)
            {
                dht.BeginBatch();
                for (int i = 0; i < 64; i++)
                    taken += dht.TryReceive(Ping(i), new IPEndPoint(new IPAddress([127, 1, (byte)batch, (byte)(i + 1)]), 9)) ? 1 : 0;
                dht.EndBatch();
                _begun.TrySetResult();
            }
            return taken;
        }
    }
}
