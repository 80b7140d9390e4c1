using System.Collections.Immutable;
using Compeer.Network.SecureChannels;
using Compeer.Protocols;
using Compeer.Protocols.Gossipsub;

namespace Compeer.Tests.Gossipsub;

public sealed class GossipsubRouterTests
{
    private const string Topic = "t";
    private const int Stranger = 1;

    private static readonly GossipsubOptions Options = new();

    private readonly GossipsubRouter<int> _router = new(Options, new Random(1), default);
    private Instant _now = Instant.Zero + TimeSpan.FromMinutes(1);
    private byte _number;

    [Theory]
    [InlineData(PubsubVersion.Gossipsub12)]
    [InlineData(PubsubVersion.Gossipsub10)]
    [InlineData(PubsubVersion.Floodsub)]
    public void Every_message_reaches_everybody_once(PubsubVersion version)
    {
        var net = new RouterNet(30, version, seed: 5);
        net.Run(TimeSpan.FromSeconds(5));
        for (int i = 0; i < 20; i++)
        {
            net.Publish(i, Message(sizeBytes: 100 * i));
            net.Run(TimeSpan.FromSeconds(1));
        }
        net.Run(TimeSpan.FromSeconds(5));
        Assert.All(net.Arrived, arrived => Assert.Equal(20 - arrived.Own, arrived.Ids.Distinct().Count()));
        Assert.All(net.Arrived, arrived => Assert.Equal(arrived.Ids.Count, arrived.Ids.Distinct().Count()));
    }

    [Fact]
    public void Meshes_stay_within_their_bounds_and_are_the_same_from_both_sides()
    {
        var net = new RouterNet(60, PubsubVersion.Gossipsub12, seed: 6);
        net.Run(TimeSpan.FromSeconds(150));
        for (int node = 0; node < 60; node++)
        {
            Assert.InRange(net[node].MeshOf(RouterNet.Topic).Count, Options.DegreeLow - 1, Options.DegreeHigh);
            Assert.All(net[node].MeshOf(RouterNet.Topic), peer => Assert.Contains(node, net[peer].MeshOf(RouterNet.Topic)));
        }
    }

    [Fact]
    public void What_is_invalid_goes_no_further_and_is_blamed_and_what_is_ignored_only_goes_no_further()
    {
        Join(Stranger);
        Join(2);
        Graft(2);
        MessageId ignored = Arrives(Stranger, Message());
        _router.Judge(ignored, Verdict.Ignore, _now);
        Assert.Equal(0, _router.Scores.Of(Stranger));
        MessageId invalid = Arrives(Stranger, Message());
        _router.Judge(invalid, Verdict.Reject, _now);
        Assert.True(_router.Scores.Of(Stranger) < 0);
        Assert.Empty(Said(2).SelectMany(r => r.Publish));
        MessageId valid = Arrives(Stranger, Message());
        _router.Judge(valid, Verdict.Accept, _now);
        Assert.Single(Said(2).SelectMany(r => r.Publish));
        // Judged once is judged.
        _router.Judge(valid, Verdict.Reject, _now);
        _router.Judge(ignored, Verdict.Accept, _now);
        Assert.Empty(Said(2).SelectMany(r => r.Publish));
    }

    [Fact]
    public void A_graft_of_a_topic_that_is_not_ours_gets_no_answer()
    {
        _router.AddPeer(Stranger, PubsubVersion.Gossipsub12, isOutbound: false);
        _router.Receive(Stranger, new GossipsubRpc { Graft = [.. Enumerable.Range(0, 5000).Select(i => $"topic {i}")] }, _now);
        Assert.Empty(Said(Stranger));
    }

    [Fact]
    public void A_graft_too_soon_is_refused_and_blamed()
    {
        Join(Stranger);
        Graft(Stranger);
        Assert.Contains(Stranger, _router.MeshOf(Topic));
        _router.Receive(Stranger, new GossipsubRpc { Prune = [new(Topic, TimeSpan.FromSeconds(60), [])] }, _now);
        Assert.DoesNotContain(Stranger, _router.MeshOf(Topic));
        Graft(Stranger);
        Graft(Stranger);
        Assert.DoesNotContain(Stranger, _router.MeshOf(Topic));
        Assert.Equal(2, Said(Stranger).SelectMany(r => r.Prune).Count());
        Assert.True(_router.Scores.Of(Stranger) < 0);
    }

    [Fact]
    public void A_full_mesh_takes_in_whom_we_dialled_and_names_others_to_who_came()
    {
        _router.Describe = peer => new OfferedPeer(new[] { (byte)peer }, default);
        for (int peer = 1; peer <= Options.DegreeHigh; peer++)
        {
            Join(peer);
            Graft(peer);
        }
        Join(50);
        Join(51, isOutbound: true);
        Graft(50);
        Graft(51);
        Assert.DoesNotContain(50, _router.MeshOf(Topic));
        Assert.Contains(51, _router.MeshOf(Topic));
        Prune refused = Said(50).SelectMany(r => r.Prune).Single();
        Assert.InRange(refused.Peers.Length, 1, Options.OfferedPeers);
        Assert.Equal(Options.PruneBackoff, refused.Backoff);
    }

    [Fact]
    public void Who_promises_and_does_not_give_is_blamed()
    {
        Join(Stranger);
        for (int i = 0; i < 4; i++)
        {
            Assert.Equal(2, AskedAfterTelling(i));
            Pass(TimeSpan.FromSeconds(5));
        }
        Assert.True(_router.Scores.Of(Stranger) < Options.Score!.GossipThreshold);
        Assert.Equal(0, AskedAfterTelling(4));

        int AskedAfterTelling(int number)
        {
            _router.Receive(Stranger, new GossipsubRpc { IHave = [new(Topic, [Id(number), Id(number + 100)])] }, _now);
            return Said(Stranger).SelectMany(r => r.IWant).Count();
        }
    }

    [Fact]
    public void What_is_told_and_asked_for_is_bounded()
    {
        Join(Stranger);
        for (int i = 0; i < 40; i++)
        {
            ImmutableArray<MessageId> ids = [.. Enumerable.Range(i * 1000, 1000).Select(Id)];
            _router.Receive(Stranger, new GossipsubRpc { IHave = [new(Topic, ids)] }, _now);
        }
        Assert.Equal(Options.MaxIHaveIds, Said(Stranger).SelectMany(r => r.IWant).Count());
        MessageId id = Arrives(Stranger, Message());
        _router.Judge(id, Verdict.Accept, _now);
        Join(2);
        for (int i = 0; i < 10; i++)
            _router.Receive(2, new GossipsubRpc { IWant = [id, Id(77)] }, _now);
        Assert.Equal(Options.MaxRetransmissions, Said(2).SelectMany(r => r.Publish).Count());
    }

    [Fact]
    public void Who_has_it_is_not_sent_it()
    {
        Join(Stranger);
        Join(2);
        Graft(2);
        PubsubMessage message = Message(sizeBytes: Options.IDontWantBytes);
        MessageId id = Arrives(Stranger, message);
        Assert.Equal([id], Said(2).SelectMany(r => r.IDontWant));
        _router.Receive(2, new GossipsubRpc { IDontWant = [id] }, _now);
        _router.Judge(id, Verdict.Accept, _now);
        Assert.Empty(Said(2).SelectMany(r => r.Publish));
    }

    [Fact]
    public void A_million_topics_and_messages_without_verdict_fill_nothing()
    {
        Join(Stranger);
        for (int i = 0; i < 200; i++)
            _router.Receive(Stranger, new GossipsubRpc { Subscriptions = [.. Enumerable.Range(i * 5000, 5000).Select(n => new TopicSubscription($"{n}", true))] }, _now);
        Assert.False(_router.TryTakeEvent(out _));
        int arrived = 0;
        for (int i = 0; i < 2 * Options.MaxUnjudged; i++)
        {
            _router.Receive(Stranger, new GossipsubRpc { Publish = [new PubsubMessage(Topic, default) { From = [1], SequenceNumber = BitConverter.GetBytes((long)i) }] }, _now);
            arrived += _router.TryTakeEvent(out _) ? 1 : 0;
        }
        Assert.Equal(Options.MaxUnjudged, arrived);
        // What nobody judged is forgotten in time, and there is room again.
        Pass(Options.SeenFor + TimeSpan.FromSeconds(5));
        Arrives(Stranger, Message());
    }

    [Fact]
    public void Who_is_graylisted_is_not_heard()
    {
        Join(Stranger);
        for (int i = 0; i < 3; i++)
            _router.Judge(Arrives(Stranger, Message()), Verdict.Reject, _now);
        Assert.True(_router.Scores.Of(Stranger) < Options.Score!.GraylistThreshold);
        _router.Receive(Stranger, new GossipsubRpc { Publish = [Message()], Graft = [Topic] }, _now);
        Assert.False(_router.TryTakeEvent(out _));
        Assert.Empty(Said(Stranger).SelectMany(r => r.Prune));
    }

    [Fact]
    public void A_message_is_not_passed_on_to_its_author()
    {
        _router.AuthorOf = message => message.From![0];
        Join(Stranger);
        Join(2);
        Graft(Stranger);
        Graft(2);
        _router.Judge(Arrives(2, Message()), Verdict.Accept, _now);
        Assert.Empty(Said(Stranger).SelectMany(r => r.Publish));
    }

    [Fact]
    public void An_id_that_is_too_long_to_be_kept_is_blamed()
    {
        Join(Stranger);
        _router.Receive(Stranger, new GossipsubRpc { Publish = [Message() with { From = new byte[MessageId.MaxBytes] }] }, _now);
        Assert.False(_router.TryTakeEvent(out _));
        Assert.True(_router.Scores.Of(Stranger) < 0);
    }

    [Fact]
    public void What_is_too_much_for_one_RPC_is_said_in_several()
    {
        Join(Stranger);
        foreach (int i in Enumerable.Range(0, 3000))
            _router.Subscribe($"{i}", _now);
        for (int i = 0; i < 4; i++)
            Assert.True(_router.Publish(Message(sizeBytes: 300_000), _now));
        List<GossipsubRpc> said = Said(Stranger);
        Assert.All(said, rpc => Assert.True(rpc.Subscriptions.Length <= 1000 && rpc.Publish.Length <= 1));
        Assert.Equal((1 + 3000, 4), (said.Sum(r => r.Subscriptions.Length), said.Sum(r => r.Publish.Length)));
    }

    [Fact]
    public void Messages_that_can_be_asked_for_are_bounded_in_bytes()
    {
        Join(Stranger);
        var ids = new List<MessageId>();
        for (int i = 0; i < 20; i++)
        {
            PubsubMessage message = Message(sizeBytes: 1_000_000);
            ids.Add(Options.IdOf(message));
            Assert.True(_router.Publish(message, _now));
            Pass(TimeSpan.FromMilliseconds(200));
        }
        Said(Stranger);
        _router.Receive(Stranger, new GossipsubRpc { IWant = [.. ids] }, _now);
        int given = Said(Stranger).Sum(r => r.Publish.Length);
        Assert.InRange(given, 1, Options.MaxHistoryBytes / 1_000_000);
    }

    [Fact]
    public void Who_may_have_missed_something_is_told_again()
    {
        Join(Stranger);
        Graft(Stranger);
        Said(Stranger);
        _router.Greet(Stranger);
        GossipsubRpc said = Assert.Single(Said(Stranger));
        Assert.Equal([new TopicSubscription(Topic, true)], said.Subscriptions.ToArray());
        Assert.Equal([Topic], said.Graft.ToArray());
    }

    [Fact]
    public void Signatures_are_made_and_demanded()
    {
        var signatures = OpenSslKeys.Instance;
        var author = PrivateIdentity.Generate();
        PubsubMessage signed = MessageSigning.Sign(new PubsubMessage(Topic, new byte[] { 1, 2 }), 7, author);
        PubsubMessage received = OverTheWire(signed);
        Assert.True(MessageSigning.IsSigned(received, signatures));
        Assert.False(MessageSigning.IsAnonymous(received));
        // As js-libp2p writes it: a key that nobody needs, which is not signed.
        Assert.True(MessageSigning.IsSigned(OverTheWire(signed with { Key = author.PublicKey.ToBytes() }), signatures));
        Assert.False(MessageSigning.IsSigned(OverTheWire(signed with { Data = new byte[] { 1, 3 } }), signatures));
        Assert.False(MessageSigning.IsSigned(OverTheWire(signed with { Topic = "u" }), signatures));
        Assert.False(MessageSigning.IsSigned(OverTheWire(signed with { SequenceNumber = [0, 0, 0, 0, 0, 0, 0, 8] }), signatures));
        Assert.False(MessageSigning.IsSigned(OverTheWire(signed with { Signature = null }), signatures));
        PubsubMessage other = MessageSigning.Sign(new PubsubMessage(Topic, new byte[] { 1, 2 }), 7, PrivateIdentity.Generate());
        Assert.False(MessageSigning.IsSigned(OverTheWire(signed with { From = other.From }), signatures));
    }

    private static PubsubMessage OverTheWire(PubsubMessage message)
    {
        var output = new System.Buffers.ArrayBufferWriter<byte>();
        GossipsubRpcCodec.Encode(new GossipsubRpc { Publish = [message] }, output);
        Assert.True(GossipsubRpcCodec.TryDecode(output.WrittenSpan, out GossipsubRpc read));
        return read.Publish[0];
    }

    private static MessageId Id(int number) => new(BitConverter.GetBytes(number));

    private PubsubMessage Message(int sizeBytes = 10) => new(Topic, new byte[sizeBytes]) { From = [1], SequenceNumber = [0, 0, 0, 0, 0, 0, 0, _number++] };

    private void Join(int peer, bool isOutbound = false)
    {
        _router.Subscribe(Topic, _now);
        _router.AddPeer(peer, PubsubVersion.Gossipsub12, isOutbound);
        _router.Receive(peer, new GossipsubRpc { Subscriptions = [new(Topic, true)] }, _now);
        while (_router.TryTakeEvent(out _))
        {
        }
    }

    private void Graft(int peer) => _router.Receive(peer, new GossipsubRpc { Graft = [Topic] }, _now);

    private MessageId Arrives(int from, PubsubMessage message)
    {
        _router.Receive(from, new GossipsubRpc { Publish = [message] }, _now);
        Assert.True(_router.TryTakeEvent(out GossipsubEvent<int> e));
        return Assert.IsType<GossipsubEvent<int>.Arrived>(e).Id;
    }

    /// <summary>What was said to a peer since the last call; what was said to others is dropped.</summary>
    private List<GossipsubRpc> Said(int peer)
    {
        var said = new List<GossipsubRpc>();
        while (_router.TryTransmit(out int to, out GossipsubRpc rpc))
        {
            if (to == peer)
                said.Add(rpc);
        }
        return said;
    }

    private void Pass(TimeSpan span)
    {
        for (Instant end = _now + span; _now < end; _now += TimeSpan.FromSeconds(1))
            _router.OnDeadline(_now);
    }
}
