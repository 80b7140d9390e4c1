using System.Buffers;
using System.Collections.Immutable;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;
using Compeer.Network.Gossipsub;
using Compeer.Network.Hosting;
using Compeer.Protocols.Gossipsub;
using Compeer.Tests.Hosting;

namespace Compeer.Tests.Gossipsub;

/// <summary>Floods over the wire from a peer that never reads: it makes us hold little, and others are served.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class HostilePubsubTests
{
    private const string Protocol = "/meshsub/1.2.0";
    private const long MaxBytesHeld = 8 << 20;
    private const int Million = 1_000_000;
    private const int PerRpc = GossipsubRpcCodec.MaxElements;

    private readonly CancellationToken _limit = HostPair.Deadline();

    [Theory]
    [InlineData("10^6 topics in one GRAFT", true)]
    [InlineData("a graft of as many topics as are read", false)]
    [InlineData("10^6 subscriptions", false)]
    [InlineData("long names of topics", false)]
    [InlineData("10^6 ids in IHAVE", false)]
    [InlineData("10^6 ids in IWANT", false)]
    [InlineData("10^6 ids in IDONTWANT", false)]
    [InlineData("messages that nobody signed", false)]
    [InlineData("garbage", true)]
    public async Task A_flood_is_borne_and_others_are_served(string flood, bool isFault)
    {
        await using PubsubNet net = await PubsubNet.StartAsync([new PubsubOptions(), new PubsubOptions()], [(0, 1)], _limit);
        await net.SubscribeAsync(_limit);
        var published = new List<MessageId>();
        for (int i = 0; i < 20; i++)
            published.Add(await net[0].Pubsub.PublishAsync(PubsubNet.Topic, new byte[100_000], _limit));
        await using PeerHost attacker = await PeerHost.StartAsync(new PeerHostOptions());
        attacker.Handle(Protocol, (_, token) => Task.Delay(Timeout.Infinite, token));
        await attacker.ConnectAsync(net[0].Host.Addresses[0].With(net[0].Host.Id), _limit);
        await SendAsync(net[0].Host, attacker, [Rpc(new GossipsubRpc { Subscriptions = [new(PubsubNet.Topic, true)], Graft = [PubsubNet.Topic] })]);
        await PubsubNet.UntilAsync(() => net[0].Pubsub.PeersOf(PubsubNet.Topic).Count == 2, _limit);
        ImmutableArray<byte[]> frames = Frames(flood, published);

        long before = GC.GetTotalMemory(forceFullCollection: true);
        Task<bool> sending = SendAsync(net[0].Host, attacker, frames);
        for (int i = 0; i < 20; i++)
            await net[1].SayAsync($"served {i}");
        var heard = new HashSet<string>();
        while (heard.Count < 20)
            heard.Add(await net[0].HearAsync(_limit));
        Assert.Equal(isFault, !await sending);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, MaxBytesHeld);
        GC.KeepAlive(frames);

        await net[1].SayAsync("still served");
        Assert.Equal("still served", await net[0].HearAsync(_limit));
    }

    /// <summary>Sends all frames; false when the stream was reset before they were read.</summary>
    private async Task<bool> SendAsync(PeerHost to, PeerHost from, ImmutableArray<byte[]> frames)
    {
        try
        {
            await using DuplexStream stream = await from.OpenStreamAsync(to.Id, Protocol, _limit);
            foreach (byte[] frame in frames)
                await stream.WriteMessageAsync(frame, _limit);
            stream.CompleteWrites();
            // Ends when the other side has read to the end, or breaks when it has had enough.
            await stream.ReadExactlyAsync(new byte[1], _limit);
            return true;
        }
        catch (EndOfStreamException)
        {
            return true;
        }
        catch (StreamCutException)
        {
            return false;
        }
    }

    private static ImmutableArray<byte[]> Frames(string flood, List<MessageId> published)
    {
        static ImmutableArray<T> Fill<T>(int first, Func<int, T> item) => [.. Enumerable.Range(first, PerRpc).Select(item)];
        static ImmutableArray<byte[]> Repeat(Func<int, GossipsubRpc> rpc, int times = Million / PerRpc) => [.. Enumerable.Range(0, times).Select(i => Rpc(rpc(i * PerRpc)))];
        return flood switch
        {
            "10^6 topics in one GRAFT" => [Grafts(Million)],
            "a graft of as many topics as are read" => Repeat(n => new GossipsubRpc { Graft = Fill(n, i => $"topic {i}") }, times: 20),
            "10^6 subscriptions" => Repeat(n => new GossipsubRpc { Subscriptions = Fill(n, i => new TopicSubscription($"{i}", true)) }),
            "long names of topics" => Repeat(n => new GossipsubRpc { Subscriptions = [.. Enumerable.Range(n, 1500).Select(i => new TopicSubscription(new string('x', 1000) + i, true))] }, times: 10),
            "10^6 ids in IHAVE" => Repeat(n => new GossipsubRpc { IHave = [new IHave(PubsubNet.Topic, Fill(n, Id))] }),
            "10^6 ids in IWANT" => Repeat(n => new GossipsubRpc { IWant = Fill(n, i => published[i % published.Count]) }),
            "10^6 ids in IDONTWANT" => Repeat(n => new GossipsubRpc { IDontWant = Fill(n, Id) }),
            "messages that nobody signed" => Repeat(n => new GossipsubRpc { Publish = [.. Enumerable.Range(n, 1000).Select(i => new PubsubMessage(PubsubNet.Topic, new byte[100]) { From = BitConverter.GetBytes(i) })] }, times: 20),
            _ => [.. Enumerable.Repeat(new byte[] { 0xff, 0xff, 0xff }, 100)],
        };
    }

    /// <summary>One control message that an honest codec does not write.</summary>
    private static byte[] Grafts(int count)
    {
        var output = new ArrayBufferWriter<byte>();
        new ProtobufWriter(output).WriteMessage(3, count, static (control, count) =>
        {
            for (int i = 0; i < count; i++)
                control.WriteMessage(3, "", static (graft, topic) => graft.WriteString(1, topic));
        });
        return output.WrittenSpan.ToArray();
    }

    private static MessageId Id(int number) => new(BitConverter.GetBytes((long)number));

    private static byte[] Rpc(GossipsubRpc rpc)
    {
        var output = new ArrayBufferWriter<byte>();
        GossipsubRpcCodec.Encode(rpc, output);
        return output.WrittenSpan.ToArray();
    }
}
