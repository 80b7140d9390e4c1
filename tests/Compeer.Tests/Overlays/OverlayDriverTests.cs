using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.Overlays;
using Compeer.Tests.Hosting;

namespace Compeer.Tests.Overlays;

/// <summary>A small machine over the streams of real hosts on loopback, and peers that misuse it.</summary>
public sealed class OverlayDriverTests
{
    private const string Protocol = "/test/balls/1.0.0";

    private static readonly OverlayDriverOptions Options = new() { Protocols = [Protocol], MaxMessageBytes = 100_000 };

    private readonly CancellationToken _limit = HostPair.Deadline();

    [Fact]
    public async Task Messages_come_in_order_both_ways_over_one_stream_each()
    {
        await using Net net = await Net.StartAsync(Options);
        for (int i = 0; i < 500; i++)
            net.Send(new Ball(i, i % 50 == 0 ? 90_000 : i));
        await net.UntilAsync(net.Ours, m => m.Received.Count == 500, _limit);

        Assert.Equal(Enumerable.Range(0, 500), net.Theirs.Look(m => m.Received.Select(r => r.Ball.Number).ToArray()));
        Assert.Equal(Enumerable.Range(0, 500), net.Ours.Look(m => m.Received.Select(r => r.Ball.Number).ToArray()));
        Assert.All(net.Ours.Look(m => m.Received.ToArray()), r => Assert.Equal(new Ball(r.Ball.Number, r.Ball.Number % 50 == 0 ? 90_000 : r.Ball.Number, true), r.Ball));
    }

    [Fact]
    public async Task What_nobody_takes_is_given_back_in_order()
    {
        await using Net net = await Net.StartAsync(Options);
        PeerId nobody = PeerId.FromPublicKey(Compeer.Network.SecureChannels.PrivateIdentity.Generate().PublicKey);
        net.Ours.Driver.Step(_ =>
        {
            for (int i = 0; i < 3; i++)
                net.Ours.Machine.Send(nobody, new Ball(i));
        });
        await net.UntilAsync(net.Ours, m => m.Undelivered.Count == 3, _limit);
        Assert.Equal([(nobody, new Ball(0)), (nobody, new Ball(1)), (nobody, new Ball(2))], net.Ours.Look(m => m.Undelivered.ToArray()));

        net.Send(new Ball(7));
        await net.UntilAsync(net.Ours, m => m.Received.Count == 1, _limit);
    }

    [Fact]
    public async Task Nobody_is_dialled_where_that_is_not_wanted()
    {
        await using Net net = await Net.StartAsync(Options with { Dials = false });
        net.Send(new Ball(1));
        await net.UntilAsync(net.Ours, m => m.Undelivered.Count == 1, _limit);
        Assert.Empty(net.Pair.Dialer.Connections);

        await net.Pair.Dialer.ConnectAsync(net.Pair.Listener.Id, _limit);
        net.Send(new Ball(2));
        await net.UntilAsync(net.Ours, m => m.Received.Count == 1, _limit);
    }

    [Fact]
    public async Task A_deadline_that_the_machine_names_comes()
    {
        await using Net net = await Net.StartAsync(Options);
        net.Ours.Driver.Step(now => net.Ours.Machine.NextDeadline = now + TimeSpan.FromMilliseconds(30));
        await net.UntilAsync(net.Ours, m => m.Deadlines == 1, _limit);
    }

    [Fact]
    public async Task A_peer_that_starts_again_is_sent_to_over_a_new_stream()
    {
        await using Net net = await Net.StartAsync(Options);
        net.Send(new Ball(1));
        await net.UntilAsync(net.Ours, m => m.Received.Count == 1, _limit);
        HostConnection connection = net.Pair.Dialer.Connections[0];
        await connection.CloseAsync();
        // What was on its way when the connection ended may be lost, so it is said until an answer comes.
        for (int number = 2; net.Ours.Look(m => m.Received.Count) < 2; number++)
        {
            net.Send(new Ball(number));
            await Task.Delay(20, _limit);
        }
        Assert.NotSame(connection, net.Pair.Dialer.Connections[0]);
    }

    [Theory]
    [InlineData("message over the cap", "longer than")]
    [InlineData("endless length", "malformed")]
    [InlineData("garbage", "malformed")]
    [InlineData("half a message", "within a message")]
    public async Task A_stream_that_brings_what_is_no_message_is_reset_and_others_are_served(string what, string fault)
    {
        await using Net net = await Net.StartAsync(Options);
        await using PeerHost attacker = await net.AttackerAsync();
        await using DuplexStream stream = await attacker.OpenStreamAsync(net.Pair.Listener.Id, Protocol, _limit);
        byte[] bytes = what switch
        {
            "message over the cap" => [0xff, 0xff, 0xff, 0x7f],
            "endless length" => [.. Enumerable.Repeat((byte)0xff, 12)],
            "garbage" => [5, 0, 0, 0, 9, 0, 5, 0xff, 0xff, 0xff, 0xff, 0xff],
            _ => [5, 0, 0],
        };
        await stream.WriteAsync(bytes, _limit);
        stream.CompleteWrites();
        while (net.Theirs.Driver.Faults == 0)
            await Task.Delay(5, _limit);
        Assert.Contains(fault, Assert.Single(net.Theirs.Machine.Faults), StringComparison.Ordinal);
        // What came before the fault counts.
        Assert.Equal(what == "garbage" ? 1 : 0, net.Theirs.Look(m => m.Received.Count));

        net.Send(new Ball(1));
        await net.UntilAsync(net.Ours, m => m.Received.Count == 1, _limit);
    }

    [Fact]
    public async Task Of_a_flood_of_streams_a_few_are_read_and_others_are_served()
    {
        await using Net net = await Net.StartAsync(Options);
        await using PeerHost attacker = await net.AttackerAsync();
        var open = new List<DuplexStream>();
        for (int i = 0; i < 50; i++)
        {
            try
            {
                open.Add(await attacker.OpenStreamAsync(net.Pair.Listener.Id, Protocol, _limit));
            }
            catch (StreamCutException)
            {
                // It was reset before we heard of the agreement.
            }
        }
        while (net.Theirs.Driver.Faults < 50 - Options.MaxStreamsPerPeer)
            await Task.Delay(5, _limit);
        Assert.All(net.Theirs.Machine.Faults, f => Assert.Contains("too many streams", f, StringComparison.Ordinal));

        net.Send(new Ball(1));
        await net.UntilAsync(net.Ours, m => m.Received.Count == 1, _limit);
        foreach (DuplexStream stream in open)
            await stream.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Of_messages_to_a_peer_that_does_not_read_a_bounded_number_waits_and_others_are_served(bool losesWhenFull)
    {
        await using Net net = await Net.StartAsync(Options with { MaxQueuedBytes = 1 << 20, LosesWhenFull = losesWhenFull });
        await using PeerHost attacker = await net.AttackerAsync();
        attacker.Handle(Protocol, (_, token) => Task.Delay(Timeout.Infinite, token));
        await attacker.ConnectAsync(net.Pair.Listener.Id, _limit);
        net.Theirs.Driver.Step(_ =>
        {
            for (int i = 0; i < 100; i++)
                net.Theirs.Machine.Send(attacker.Id, new Ball(i, 60_000));
        });
        Assert.InRange(net.Theirs.Driver.Lost, 70, 90);
        net.Send(new Ball(1));
        await net.UntilAsync(net.Ours, m => m.Received.Count == 1, _limit);
        if (!losesWhenFull)
            await net.UntilAsync(net.Theirs, m => m.Undelivered.Count == net.Theirs.Driver.Lost, _limit);
        else
            Assert.Equal(0, net.Theirs.Look(m => m.Undelivered.Count));
    }

    [Fact]
    public async Task A_peer_that_takes_nothing_is_given_up_and_gets_no_more()
    {
        await using Net net = await Net.StartAsync(Options with { MaxQueuedBytes = 8 << 20, StalledFor = TimeSpan.FromMilliseconds(100) });
        await using PeerHost attacker = await net.AttackerAsync();
        attacker.Handle(Protocol, (_, token) => Task.Delay(Timeout.Infinite, token));
        await attacker.ConnectAsync(net.Pair.Listener.Id, _limit);
        net.Theirs.Driver.Step(_ =>
        {
            for (int i = 0; i < 60; i++)
                net.Theirs.Machine.Send(attacker.Id, new Ball(i, 90_000));
        });
        await net.UntilAsync(net.Theirs, m => m.Undelivered.Count > 0, _limit);
        int[] back = net.Theirs.Look(m => m.Undelivered.Select(u => u.Ball.Number).ToArray());
        Assert.Equal(Enumerable.Range(60 - back.Length, back.Length), back);
    }

    [Fact]
    public async Task Only_so_many_peers_are_sent_to_at_once()
    {
        await using Net net = await Net.StartAsync(Options with { MaxPeers = 1 });
        net.Send(new Ball(1));
        PeerId other = PeerId.FromPublicKey(Compeer.Network.SecureChannels.PrivateIdentity.Generate().PublicKey);
        net.Ours.Driver.Step(_ => net.Ours.Machine.Send(other, new Ball(2)));
        await net.UntilAsync(net.Ours, m => m.Undelivered.Count == 1 && m.Received.Count == 1, _limit);
    }

    private sealed record Node(EchoMachine Machine, OverlayDriver<Ball> Driver)
    {
        public static Node Start(PeerHost host, OverlayDriverOptions options)
        {
            var machine = new EchoMachine();
            return new Node(machine, OverlayDriver<Ball>.Start(host, machine, new BallCodec(), options, machine));
        }

        public T Look<T>(Func<EchoMachine, T> look) => Driver.Step(_ => look(Machine));
    }

    private sealed record Net(HostPair Pair, Node Ours, Node Theirs) : IAsyncDisposable
    {
        public static async Task<Net> StartAsync(OverlayDriverOptions options)
        {
            HostPair pair = await HostPair.StartAsync();
            return new Net(pair, Node.Start(pair.Dialer, options), Node.Start(pair.Listener, options));
        }

        public void Send(Ball ball) => Ours.Driver.Step(_ => Ours.Machine.Send(Pair.Listener.Id, ball));

        public async Task<PeerHost> AttackerAsync()
        {
            PeerHost attacker = await PeerHost.StartAsync(new PeerHostOptions());
            attacker.AddAddresses(Pair.Listener.Id, Pair.Listener.Addresses);
            return attacker;
        }

        public async Task UntilAsync(Node node, Func<EchoMachine, bool> holds, CancellationToken limit)
        {
            while (!node.Look(holds))
                await Task.Delay(5, limit);
        }

        public async ValueTask DisposeAsync()
        {
            await Ours.Driver.DisposeAsync();
            await Theirs.Driver.DisposeAsync();
            await Pair.DisposeAsync();
        }
    }
}
