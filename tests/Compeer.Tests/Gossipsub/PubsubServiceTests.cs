using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Network.Gossipsub;
using Compeer.Network.Hosting;
using Compeer.Protocols.Gossipsub;
using Compeer.Tests.Hosting;

namespace Compeer.Tests.Gossipsub;

/// <summary>Publish and subscribe over the streams of real hosts on loopback.</summary>
public sealed class PubsubServiceTests
{
    private static readonly PubsubOptions Quick = new() { Gossipsub = PubsubNet.Quick };

    private readonly CancellationToken _limit = HostPair.Deadline();

    [Theory]
    [InlineData("/meshsub/1.2.0")]
    [InlineData("/meshsub/1.0.0")]
    [InlineData("/floodsub/1.0.0")]
    public async Task In_a_line_of_three_every_message_comes_once_with_its_author(string middle)
    {
        await using PubsubNet net = await PubsubNet.StartAsync([Quick, Quick with { Protocols = [middle] }, Quick], [(0, 1), (2, 1)], _limit);
        await net.SubscribeAsync(_limit);
        // What comes before the mesh is made is for those who ask.
        await PubsubNet.UntilAsync(() => middle.StartsWith("/flood", StringComparison.Ordinal) || net[1].Pubsub.MeshOf(PubsubNet.Topic).Count == 2, _limit);
        for (int i = 0; i < 50; i++)
        {
            await net[0].SayAsync($"from 0: {i}");
            await net[2].SayAsync($"from 2: {i}");
        }
        foreach ((int reader, int author) in new[] { (0, 2), (2, 0) })
        {
            var texts = new HashSet<string>();
            for (int i = 0; i < 50; i++)
            {
                ReceivedMessage message = await net[reader].Subscription!.ReadAsync(_limit);
                Assert.True(texts.Add(Encoding.UTF8.GetString(message.Data.Span)));
                Assert.Equal(net[author].Host.Id, message.Author);
                Assert.Equal(net[1].Host.Id, message.From);
            }
            Assert.Equal(Enumerable.Range(0, 50).Select(i => $"from {author}: {i}").ToHashSet(), texts);
        }
        var heard = new HashSet<string>();
        for (int i = 0; i < 100; i++)
            Assert.True(heard.Add(await net[1].HearAsync(_limit)));
    }

    [Fact]
    public async Task Who_is_not_told_at_first_asks_for_what_it_lacks()
    {
        // A mesh of one: the others live from gossip.
        GossipsubOptions narrow = PubsubNet.Quick with { Degree = 1, DegreeLow = 1, DegreeHigh = 1, DegreeScore = 1, DegreeOutbound = 0, FloodPublish = false };
        PubsubOptions options = Quick with { Gossipsub = narrow };
        await using PubsubNet net = await PubsubNet.StartAsync([options, options, options, options], [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)], _limit);
        await net.SubscribeAsync(_limit);
        for (int i = 0; i < 5; i++)
            await net[0].SayAsync($"{i}");
        foreach (PubsubNode node in net.Nodes.Skip(1))
        {
            var heard = new HashSet<string>();
            for (int i = 0; i < 5; i++)
                heard.Add(await node.HearAsync(_limit));
            Assert.Equal(5, heard.Count);
        }
    }

    [Fact]
    public async Task Messages_without_signatures_are_told_apart_by_what_they_say()
    {
        PubsubOptions anonymous = Quick with { Signatures = SignaturePolicy.StrictNoSign };
        await using PubsubNet net = await PubsubNet.StartAsync([anonymous, anonymous], [(0, 1)], _limit);
        await net.SubscribeAsync(_limit);
        await net[0].SayAsync("one");
        await Assert.ThrowsAsync<ArgumentException>(() => net[0].SayAsync("one").AsTask());
        await net[0].SayAsync("two");
        ReceivedMessage first = await net[1].Subscription!.ReadAsync(_limit);
        Assert.Null(first.Author);
        Assert.True(MessageSigning.IsAnonymous(first.Message));
        Assert.Equal("two", await net[1].HearAsync(_limit));
    }

    [Fact]
    public async Task Who_keeps_another_policy_is_not_heard_and_ends_below_zero()
    {
        await using PubsubNet net = await PubsubNet.StartAsync([Quick with { Signatures = SignaturePolicy.StrictNoSign }, Quick], [(0, 1)], _limit);
        await net.SubscribeAsync(_limit);
        await net[0].SayAsync("nobody said this");
        await PubsubNet.UntilAsync(() => net[1].Pubsub.ScoreOf(net[0].Host.Id) < 0, _limit);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Validators_decide_what_is_heard_passed_on_and_punished(bool takesTime)
    {
        await using PubsubNet net = await PubsubNet.StartAsync([Quick, Quick, Quick], [(0, 1), (2, 1)], _limit);
        var seen = new List<string>();
        net[1].Pubsub.Validate(PubsubNet.Topic, async (message, token) =>
        {
            if (takesTime)
                await Task.Delay(1, token);
            lock (seen)
                seen.Add(Encoding.UTF8.GetString(message.Data.Span));
            return message.Data.Span[0] switch { (byte)'+' => Verdict.Accept, (byte)'-' => Verdict.Reject, (byte)'!' => throw new InvalidOperationException("of the validator"), _ => Verdict.Ignore };
        });
        var failed = new TaskCompletionSource<Exception>();
        net[1].Pubsub.ValidatorFailed += (_, e) => failed.TrySetResult(e);
        await net.SubscribeAsync(_limit);
        foreach (string text in (string[])["?ignored", "!failing"])
            await net[0].SayAsync(text);
        Assert.Equal("of the validator", (await failed.Task.WaitAsync(_limit)).Message);
        Assert.True(net[1].Pubsub.ScoreOf(net[0].Host.Id) >= 0);
        await net[0].SayAsync("-rejected");
        await PubsubNet.UntilAsync(() => net[1].Pubsub.ScoreOf(net[0].Host.Id) < 0, _limit);
        await net[2].SayAsync("+good");
        Assert.Equal("+good", await net[1].HearAsync(_limit));
        await PubsubNet.UntilAsync(() => { lock (seen) return seen.Count == 4; }, _limit);
    }

    [Fact]
    public async Task A_validator_that_never_decides_keeps_neither_others_nor_itself_waiting()
    {
        PubsubOptions impatient = Quick with { MaxValidations = 2, ValidationTimeout = TimeSpan.FromMilliseconds(50) };
        await using PubsubNet net = await PubsubNet.StartAsync([Quick, impatient], [(0, 1)], _limit);
        int running = 0, most = 0;
        net[1].Pubsub.Validate(PubsubNet.Topic, async (message, _) =>
        {
            if (message.Data.Span[0] == '+')
                return Verdict.Accept;
            lock (net)
                most = Math.Max(most, ++running);
            try
            {
                await Task.Delay(100, CancellationToken.None);
                return Verdict.Accept;
            }
            finally
            {
                lock (net)
                    running--;
            }
        });
        await net.SubscribeAsync(_limit);
        for (int i = 0; i < 6; i++)
            await net[0].SayAsync($"slow {i}");
        await net[0].SayAsync("+quick");
        Assert.Equal("+quick", await net[1].HearAsync(_limit));
    }

    [Fact]
    public async Task A_slow_subscriber_loses_the_oldest_and_sees_how_many()
    {
        await using PubsubNet net = await PubsubNet.StartAsync([Quick with { HearsItself = true, MaxWaiting = 4 }], [], _limit);
        await net.SubscribeAsync(_limit);
        for (int i = 0; i < 10; i++)
            await net[0].SayAsync($"{i}");
        Assert.Equal("6", await net[0].HearAsync(_limit));
        Assert.Equal(6, net[0].Subscription!.Missed);
    }

    [Fact]
    public async Task With_the_last_subscription_a_host_leaves_the_topic()
    {
        await using PubsubNet net = await PubsubNet.StartAsync([Quick, Quick], [(0, 1)], _limit);
        var told = new List<(PeerId, string, bool)>();
        net[0].Pubsub.SubscriptionChanged += (peer, topic, subscribes) =>
        {
            lock (told)
                told.Add((peer, topic, subscribes));
        };
        await net.SubscribeAsync(_limit);
        PubsubSubscription second = net[1].Pubsub.Subscribe(PubsubNet.Topic);
        second.Dispose();
        Assert.Equal([PubsubNet.Topic], net[1].Pubsub.Topics);
        net[1].Subscription!.Dispose();
        Assert.Empty(net[1].Pubsub.Topics);
        await PubsubNet.UntilAsync(() => net[0].Pubsub.PeersOf(PubsubNet.Topic).Count == 0, _limit);
        await PubsubNet.UntilAsync(() => { lock (told) return told.Count == 2; }, _limit);
        Assert.Equal([(net[1].Host.Id, PubsubNet.Topic, true), (net[1].Host.Id, PubsubNet.Topic, false)], told);
        await foreach (ReceivedMessage _ in net[1].Subscription!.WithCancellation(_limit))
            Assert.Fail("it had ended");
    }

    [Fact]
    public async Task Who_comes_back_is_heard_again()
    {
        await using PubsubNet net = await PubsubNet.StartAsync([Quick, Quick], [(0, 1)], _limit);
        await net.SubscribeAsync(_limit);
        await net[0].Host.Connections[0].CloseAsync();
        await PubsubNet.UntilAsync(() => net[1].Pubsub.PeersOf(PubsubNet.Topic).Count == 0, _limit);
        await net[1].Host.ConnectAsync(net[0].Host.Addresses[0].With(net[0].Host.Id), _limit);
        await net.SubscribeAsync(_limit);
        await net[0].SayAsync("again");
        Assert.Equal("again", await net[1].HearAsync(_limit));
    }

    [Fact]
    public async Task Who_is_dropped_for_want_of_room_is_offered_others_and_meets_them()
    {
        GossipsubOptions narrow = PubsubNet.Quick with { Degree = 1, DegreeLow = 1, DegreeHigh = 1, DegreeScore = 0, DegreeOutbound = 0, Score = new PeerScoreOptions { AcceptOfferThreshold = 0 } };
        PubsubOptions options = Quick with { Gossipsub = narrow, OffersPeers = true };
        await using PubsubNet net = await PubsubNet.StartAsync([options, options, options], [(1, 0), (2, 0)], _limit);
        await net.SubscribeAsync(_limit);
        // The first has room for one; the other is told of it, with its signed addresses.
        await PubsubNet.UntilAsync(() => net[1].Host.Connections.Any(c => c.RemotePeer == net[2].Host.Id), _limit);
    }

    [Fact]
    public async Task A_direct_peer_gets_everything_and_is_in_no_mesh()
    {
        await using PubsubNet net = await PubsubNet.StartAsync([Quick, Quick], [], _limit);
        await using PeerHost host = await PeerHost.StartAsync(new PeerHostOptions());
        await using PubsubService pubsub = PubsubService.Start(host, Quick with { DirectPeers = new HashSet<PeerId> { net[0].Host.Id } });
        using PubsubSubscription subscription = pubsub.Subscribe(PubsubNet.Topic);
        await host.ConnectAsync(net[0].Host.Addresses[0].With(net[0].Host.Id), _limit);
        await net.SubscribeAsync(_limit);
        await PubsubNet.UntilAsync(() => pubsub.PeersOf(PubsubNet.Topic).Count == 1, _limit);
        await pubsub.PublishAsync(PubsubNet.Topic, "direct"u8.ToArray(), _limit);
        Assert.Equal("direct", await net[0].HearAsync(_limit));
        Assert.Empty(pubsub.MeshOf(PubsubNet.Topic));
    }

    [Fact]
    public async Task What_is_too_long_is_refused_with_a_reason()
    {
        await using PubsubNet net = await PubsubNet.StartAsync([Quick], [], _limit);
        Assert.Contains("longer than", (await Assert.ThrowsAsync<ArgumentException>(() => net[0].Pubsub.PublishAsync("t", new byte[(1 << 20) + 1], _limit).AsTask())).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => net[0].Pubsub.Subscribe(new string('x', 2000)));
    }
}
