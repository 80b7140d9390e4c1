using System.Buffers;
using System.Collections.Immutable;
using Compeer.Protocols.Gossipsub;

namespace Compeer.Tests.Gossipsub;

public sealed class GossipsubRpcCodecTests
{
    private static readonly GossipsubRpc Full = new()
    {
        Subscriptions = [new("a", true), new("b", false)],
        Publish = [new PubsubMessage("a", new byte[] { 1, 2, 3 }) { From = [4], SequenceNumber = [0, 0, 0, 0, 0, 0, 0, 9], Signature = [5, 6], Key = [7] }, new PubsubMessage("", default)],
        IHave = [new("a", [Id(1), Id(2)])],
        IWant = [Id(3), Id(4)],
        Graft = ["a", "ü"],
        Prune = [new("b", TimeSpan.FromSeconds(60), [new(new byte[] { 1 }, new byte[] { 2, 3 })]), new("c", null, [])],
        IDontWant = [Id(5)],
    };

    [Fact]
    public void What_is_written_is_read_the_same()
    {
        GossipsubRpc read = Read(Write(Full));
        Assert.Equal(Full.Subscriptions.ToArray(), read.Subscriptions.ToArray());
        Assert.Equal(Full.IHave[0].Ids.ToArray(), read.IHave[0].Ids.ToArray());
        Assert.Equal(Full.IWant.ToArray(), read.IWant.ToArray());
        Assert.Equal(Full.Graft.ToArray(), read.Graft.ToArray());
        Assert.Equal(Full.IDontWant.ToArray(), read.IDontWant.ToArray());
        Assert.Equal(("b", TimeSpan.FromSeconds(60)), (read.Prune[0].Topic, read.Prune[0].Backoff));
        Assert.Equal([2, 3], read.Prune[0].Peers[0].SignedPeerRecord.ToArray());
        Assert.Null(read.Prune[1].Backoff);
        PubsubMessage message = read.Publish[0];
        Assert.Equal([1, 2, 3], message.Data.ToArray());
        Assert.Equal(([4], [0, 0, 0, 0, 0, 0, 0, 9], [5, 6], [7]), (message.From!, message.SequenceNumber!, message.Signature!, message.Key!), new Parts());
        Assert.Equal(GossipsubRpcCodec.EncodeUnsigned(Full.Publish[0]), message.Signed!.Value.ToArray());
        Assert.True(MessageSigning.IsAnonymous(read.Publish[1]));
        Assert.Equal(Write(Full), Write(read));
    }

    [Fact]
    public void The_wire_is_that_of_the_specification()
    {
        byte[] subscribe = [0x0A, 0x07, 0x08, 0x01, 0x12, 0x03, (byte)'f', (byte)'o', (byte)'o'];
        Assert.Equal(subscribe, Write(new GossipsubRpc { Subscriptions = [new("foo", true)] }));
        byte[] graft = [0x1A, 0x07, 0x1A, 0x05, 0x0A, 0x03, (byte)'f', (byte)'o', (byte)'o'];
        Assert.Equal(graft, Write(new GossipsubRpc { Graft = ["foo"] }));
        byte[] iDontWant = [0x1A, 0x05, 0x2A, 0x03, 0x0A, 0x01, 0x05];
        Assert.Equal(iDontWant, Write(new GossipsubRpc { IDontWant = [Id(5)] }));
    }

    [Fact]
    public void Cut_anywhere_it_is_refused_or_a_shorter_one()
    {
        byte[] whole = Write(Full);
        for (int length = 0; length < whole.Length; length++)
        {
            if (GossipsubRpcCodec.TryDecode(whole.AsSpan(0, length), out GossipsubRpc read))
                Assert.Equal(length, Write(read).Length);
        }
    }

    [Fact]
    public void Random_bytes_and_changes_never_throw()
    {
        var random = new Random(7);
        byte[] whole = Write(Full);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = i % 2 == 0 ? new byte[random.Next(80)] : [.. whole];
            if (i % 2 == 0)
                random.NextBytes(bytes);
            else
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            if (GossipsubRpcCodec.TryDecode(bytes, out GossipsubRpc read))
                Assert.True(GossipsubRpcCodec.TryDecode(Write(read), out _));
        }
    }

    [Fact]
    public void More_than_the_bounds_is_refused()
    {
        Assert.True(Reads(new GossipsubRpc { Graft = [.. Enumerable.Repeat("t", GossipsubRpcCodec.MaxElements)] }));
        Assert.False(Reads(new GossipsubRpc { Graft = [.. Enumerable.Repeat("t", GossipsubRpcCodec.MaxElements + 1)] }));
        Assert.False(Reads(new GossipsubRpc { Subscriptions = [.. Enumerable.Repeat(new TopicSubscription("t", true), GossipsubRpcCodec.MaxElements + 1)] }));
        Assert.False(Reads(new GossipsubRpc { IWant = [.. Enumerable.Repeat(Id(1), GossipsubRpcCodec.MaxElements + 1)] }));
        ImmutableArray<MessageId> half = [.. Enumerable.Repeat(Id(1), (GossipsubRpcCodec.MaxElements / 2) + 1)];
        Assert.False(Reads(new GossipsubRpc { IHave = [new("a", half), new("b", half)] }));
        Assert.False(Reads(new GossipsubRpc { Graft = [new string('t', GossipsubRpcCodec.MaxTopicBytes + 1)] }));
        Assert.False(Reads(new GossipsubRpc { IWant = [new MessageId(new byte[MessageId.MaxBytes + 1])] }));
        Assert.False(GossipsubRpcCodec.TryDecode(new byte[GossipsubRpcCodec.MaxBytes + 1], out _));
    }

    [Fact]
    public void A_backoff_from_the_wire_is_bounded()
    {
        byte[] endless = [0x1A, 0x10, 0x22, 0x0E, 0x0A, 0x01, (byte)'t', 0x18, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01];
        Assert.Equal(GossipsubOptions.MaxBackoff, Read(endless).Prune[0].Backoff);
    }

    [Fact]
    public void Two_signatures_are_none()
    {
        byte[] twice = [0x12, 0x09, 0x22, 0x01, (byte)'t', 0x2A, 0x01, 0x01, 0x2A, 0x01, 0x02];
        Assert.False(GossipsubRpcCodec.TryDecode(twice, out _));
    }

    private static MessageId Id(byte number) => new([number]);

    private static bool Reads(in GossipsubRpc rpc) => GossipsubRpcCodec.TryDecode(Write(rpc), out _);

    private static GossipsubRpc Read(byte[] bytes)
    {
        Assert.True(GossipsubRpcCodec.TryDecode(bytes, out GossipsubRpc rpc));
        return rpc;
    }

    private static byte[] Write(in GossipsubRpc rpc)
    {
        var output = new ArrayBufferWriter<byte>();
        GossipsubRpcCodec.Encode(rpc, output);
        return output.WrittenSpan.ToArray();
    }

    private sealed class Parts : IEqualityComparer<(byte[], byte[], byte[], byte[])>
    {
        public bool Equals((byte[], byte[], byte[], byte[]) x, (byte[], byte[], byte[], byte[]) y) =>
            x.Item1.SequenceEqual(y.Item1) && x.Item2.SequenceEqual(y.Item2) && x.Item3.SequenceEqual(y.Item3) && x.Item4.SequenceEqual(y.Item4);

        public int GetHashCode((byte[], byte[], byte[], byte[]) parts) => parts.Item1.Length;
    }
}
