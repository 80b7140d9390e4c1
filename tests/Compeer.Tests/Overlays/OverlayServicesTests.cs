using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Network.Overlays;
using Compeer.Protocols.Gossip;
using Compeer.Protocols.NeighbourSearch;
using Compeer.Protocols.Overlays;
using Compeer.Protocols.Plumtree;
using Compeer.Protocols.Scribe;
using Compeer.Protocols.SetReconciliation;
using Compeer.Tests.Hosting;

namespace Compeer.Tests.Overlays;

/// <summary>Each overlay between two hosts over loopback; thirty processes are in the interop tests.</summary>
public sealed class OverlayServicesTests
{
    private readonly CancellationToken _limit = HostPair.Deadline();

    [Fact]
    public async Task Two_nodes_of_a_ring_own_all_keys_between_them()
    {
        await using HostPair pair = await HostPair.StartAsync();
        await using ChordService first = ChordService.Start(pair.Listener), second = ChordService.Start(pair.Dialer);
        await second.JoinAsync(pair.Listener.Id, _limit);
        // Who was there first hears of the newcomer a little later.
        await UntilAsync(() => IsBeside(first, second) && IsBeside(second, first));
        for (int i = 0; i < 8; i++)
        {
            var key = RingKey.OfName($"key {i}");
            RingContact<PeerId> owner = key.IsWithin(first.Self.Key, second.Self.Key) ? second.Self : first.Self;
            Assert.Equal(owner, (await first.OwnersOfAsync(key, 1, _limit)).Owners[0]);
            Assert.Equal(owner, (await second.OwnersOfAsync(key, 1, _limit)).Owners[0]);
        }

        static bool IsBeside(ChordService node, ChordService other) =>
            node.Neighbours() is var (predecessor, successors) && predecessor == other.Self && successors.FirstOrDefault() == other.Self;
    }

    [Fact]
    public async Task News_of_a_group_reach_its_members_and_routes_end_at_the_nearest()
    {
        await using HostPair pair = await HostPair.StartAsync();
        await using ScribeService first = ScribeService.Start(pair.Listener), second = ScribeService.Start(pair.Dialer);
        first.BeginAlone();
        await second.JoinAsync(pair.Listener.Id, _limit);
        var group = RingKey.OfName("group");
        Assert.True(first.TrySubscribe(group) && second.TrySubscribe(group));
        // To the other's own place, where it must arrive whoever is nearer to anything else.
        ulong sent = second.Route(RingKey.Of(pair.Listener.Id));
        Assert.Equal((sent, pair.Dialer.Id), await first.Arrived.ReadAsync(_limit) is var arrived ? (arrived.Id, arrived.Origin.Peer) : default);
        first.Publish(group, "tea"u8.ToArray());
        foreach (ScribeService member in (ScribeService[])[first, second])
            Assert.Equal("tea", Encoding.UTF8.GetString((await member.News.ReadAsync(_limit)).Payload.Span));
    }

    [Fact]
    public async Task A_broadcast_is_heard_once_and_a_lost_neighbour_is_noticed()
    {
        await using HostPair pair = await HostPair.StartAsync();
        await using BroadcastService first = BroadcastService.Start(pair.Listener), second = BroadcastService.Start(pair.Dialer);
        second.Join(pair.Listener.Id);
        await UntilAsync(() => first.Neighbours().Length == 1);
        ulong number = first.Broadcast("news"u8.ToArray());
        PlumtreeMessage heard = await second.News.ReadAsync(_limit);
        Assert.Equal((number, "news"), (heard.Broadcast, Encoding.UTF8.GetString(heard.Payload.Span)));
        await Task.WhenAll(pair.Dialer.Connections.Select(c => c.CloseAsync()));
        await UntilAsync(() => second.Neighbours().Length == 0);
        Assert.False(second.News.TryRead(out _));
    }

    [Fact]
    public async Task What_a_neighbour_shares_is_found_and_a_rumour_is_heard()
    {
        await using HostPair pair = await HostPair.StartAsync();
        await using SearchService first = SearchService.Start(pair.Listener), second = SearchService.Start(pair.Dialer);
        await using RumourService tells = RumourService.Start(pair.Dialer, new RumourOptions { TellEvery = TimeSpan.FromMilliseconds(20) }, () => pair.Listener.Id);
        await using RumourService hears = RumourService.Start(pair.Listener, new RumourOptions(), () => null);
        first.Share(SearchService.ItemOf("tea"));
        second.SetNeighbours([pair.Listener.Id]);
        ulong search = second.Flood(SearchService.ItemOf("tea"), 2);
        SearchHit<PeerId> hit = await second.Hits.ReadAsync(_limit);
        Assert.Equal((search, pair.Listener.Id, 1), (hit.Query, hit.Holder, hit.Hops));
        tells.Tell(7);
        await UntilAsync(() => hears.Knows(7));
    }

    [Fact]
    public async Task Sets_are_compared_over_a_stream_and_a_set_that_is_not_there_is_told()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.ServeReconciliation(name => name == "news" ? Set(1, 5000, 77) : null);
        ReconciledDifference found = await pair.Dialer.ReconcileAsync(pair.Listener.Id, "news", Set(1, 5000, 3000), _limit);
        Assert.Equal([Item(77)], found.Had);
        Assert.Equal([Item(3000)], found.Needed);
        Assert.InRange(found.Bytes, 1, 20_000);
        IOException error = await Assert.ThrowsAsync<IOException>(() => pair.Dialer.ReconcileAsync(pair.Listener.Id, "olds", Set(1, 2, 0), _limit));
        Assert.Contains("has no set \"olds\"", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_answers_a_comparison_with_nonsense_is_not_believed()
    {
        await using HostPair pair = await HostPair.StartAsync();
        pair.Listener.Handle(ReconciliationCodec.Protocol, async (stream, token) =>
        {
            await stream.ReadMessageAsync(ReconciliationCodec.MaxBytes, token);
            await stream.WriteMessageAsync(ReconciliationCodec.Encode(new ReconciliationMessage("", new byte[] { 0x61, 0xFF, 0xFF, 0xFF })), token);
        });
        await Assert.ThrowsAsync<InvalidDataException>(() => pair.Dialer.ReconcileAsync(pair.Listener.Id, "news", Set(1, 100, 3), _limit));
    }

    private static SealedItemSet Set(int from, int until, int except) =>
        new(Enumerable.Range(from, until - from).Where(i => i != except).Select(i => new ReconciledItem((ulong)i, Item(i))));

    private static Sha256Hash Item(int number) => Sha256Hash.Of(BitConverter.GetBytes(number));

    private async Task UntilAsync(Func<bool> holds)
    {
        while (!holds())
            await Task.Delay(20, _limit);
    }
}
