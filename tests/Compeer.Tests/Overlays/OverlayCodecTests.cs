using System.Buffers;
using Compeer.Formats.Multiformats;
using Compeer.Protocols.Chord;
using Compeer.Protocols.Gossip;
using Compeer.Protocols.HyParView;
using Compeer.Protocols.NeighbourSearch;
using Compeer.Protocols.Overlays;
using Compeer.Protocols.Pastry;
using Compeer.Protocols.Plumtree;
using Compeer.Protocols.Scribe;
using Compeer.Protocols.SetReconciliation;

namespace Compeer.Tests.Overlays;

public sealed class OverlayCodecTests
{
    private static readonly AddressNotes Notes = new();
    private static readonly PeerId A = Peer(1), B = Peer(2), C = Peer(3);

    /// <summary>Every wire, with messages that use each of its fields.</summary>
    private static readonly Dictionary<string, Wire> Wires = new()
    {
        ["chord"] = Wire.Of(new ChordCodec(Notes), ChordCodec.MaxBytes,
            new(ChordMessageKind.Neighbours, 7, RingKey.OfName("k"), Contact(A), [Contact(B), Contact(C)]), new(ChordMessageKind.FindOwner, uint.MaxValue, RingKey.OfName("l"), null, [])),
        ["pastry"] = Wire.Of(new PastryCodec(Notes), PastryCodec.MaxBytes,
            Route(RingKey.OfName("k"), A), new(PastryMessageKind.Join, RingKey.Of(A), 0, 2, Contact(A), []), new(PastryMessageKind.AskRow, RingKey.Of(A), 0, 3, Contact(A), [])),
        ["scribe"] = Wire.Of(new ScribeCodec(Notes), ScribeCodec.MaxBytes,
            new(Route(RingKey.OfName("k"), A), null), new(null, new TreeMessage(ScribeMessageKind.Multicast, RingKey.OfName("g"), ulong.MaxValue, 4, new byte[] { 1, 2, 3 })),
            new(null, new TreeMessage(ScribeMessageKind.Subscribe, RingKey.OfName("g"), 0, 0) { Contributes = true }),
            new(null, new TreeMessage(ScribeMessageKind.HandDown, RingKey.OfName("g"), 0, 0)) { Child = A },
            new(null, new TreeMessage(ScribeMessageKind.Gather, RingKey.OfName("g"), 7, 2) { PatienceMilliseconds = 1500 }),
            new(null, new TreeMessage(ScribeMessageKind.Report, RingKey.OfName("g"), 7, 0) { Aggregate = new ScribeAggregate(3, -4.5, -8, 2, 1) { Extra = new byte[] { 9 } } })),
        ["hyparview"] = Wire.Of(new HyParViewCodec(Notes), HyParViewCodec.MaxBytes,
            new(HyParViewMessageKind.Shuffle, A, 6, true, [B, C]), new(HyParViewMessageKind.Join, A, 0, false, [])),
        ["plumtree"] = Wire.Of(new BroadcastCodec(Notes), BroadcastCodec.MaxBytes,
            new(new HyParViewMessage<PeerId>(HyParViewMessageKind.ForwardJoin, A, 3, false, []), null), new(null, new PlumtreeMessage(PlumtreeMessageKind.Gossip, PlumtreeMessage.NumberOf([4, 5]), 2, new byte[] { 4, 5 }))),
        ["search"] = Wire.Of(new SearchCodec(Notes), SearchCodec.MaxBytes,
            new(SearchMessageKind.Walk, 1, 2, 30, 4, A), new(SearchMessageKind.Routing, 0, 0, 0, 0, A, Table())),
        ["rumour"] = Wire.Of(new RumourCodec(), RumourCodec.MaxBytes, new(ulong.MaxValue, RumourMessageKind.Known), new(0, RumourMessageKind.Tell), new(7, RumourMessageKind.Payload, new byte[] { 1, 2 })),
        ["reconcile"] = new Wire(ReconciliationCodec.MaxBytes,
            [ReconciliationCodec.Encode(new("news", new byte[] { 0x61, 1 })), ReconciliationCodec.Encode(new("", new byte[] { 0x61 }))],
            bytes => ReconciliationCodec.TryDecode(bytes, out ReconciliationMessage message) ? ReconciliationCodec.Encode(message) : null),
    };

    public static TheoryData<string> Names => [.. Wires.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_written_is_read_the_same(string wire)
    {
        foreach (byte[] sample in Wires[wire].Samples)
            Assert.Equal(sample, Wires[wire].Again(sample));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Cut_anywhere_it_is_refused_or_a_shorter_one(string wire)
    {
        foreach (byte[] sample in Wires[wire].Samples)
        {
            for (int length = 0; length < sample.Length; length++)
                Assert.NotEqual(sample, Wires[wire].Again(sample[..length]));
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Random_bytes_and_changes_never_throw(string wire)
    {
        var random = new Random(7);
        int read = 0;
        for (int i = 0; i < 5000; i++)
        {
            byte[] sample = Wires[wire].Samples[i % Wires[wire].Samples.Length];
            byte[] bytes = i % 3 == 0 ? new byte[random.Next(80)] : [.. sample];
            if (i % 3 == 0)
                random.NextBytes(bytes);
            else
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            if (Wires[wire].Again(bytes) is not { } again)
                continue;
            Assert.Equal(again, Wires[wire].Again(again));
            read++;
        }
        Assert.InRange(read, 1, 5000);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_message_beyond_its_bound_is_refused_and_unknown_fields_are_passed_over(string wire)
    {
        byte[] sample = Wires[wire].Samples[0];
        Assert.Equal(sample, Wires[wire].Again([.. sample, 0xFA, 0x01, 0x03, 7, 7, 7]));
        // The same sound field over and over.
        var bytes = new List<byte>(sample);
        while (bytes.Count <= Wires[wire].MaxBytes)
            bytes.AddRange([0xFA, 0x01, 0x03, 7, 7, 7]);
        Assert.Null(Wires[wire].Again([.. bytes]));
    }

    [Fact]
    public void The_wire_is_that_of_the_schema()
    {
        byte[] rumour = [0x09, 1, 0, 0, 0, 0, 0, 0, 0, 0x10, 0x01];
        Assert.Equal(rumour, Write(new RumourCodec(), new RumourMessage(1, RumourMessageKind.Known)));
        byte[] prune = [0x12, 0x0B, 0x08, 0x03, 0x11, 5, 0, 0, 0, 0, 0, 0, 0];
        Assert.Equal(prune, Write(new BroadcastCodec(null), new BroadcastMessage<PeerId>(null, new PlumtreeMessage(PlumtreeMessageKind.Prune, 5, 0, default))));
        byte[] subscribe = [0x12, 0x12, 0x12, 0x10, .. new byte[16]];
        Assert.Equal(subscribe, Write(new ScribeCodec(null), new ScribeMessage<PeerId>(null, new TreeMessage(ScribeMessageKind.Subscribe, default, 0, 0))));
        byte[] join = [0x12, 0x28, 0x0A, 0x26, .. A.Bytes];
        Assert.Equal(join, Write(new HyParViewCodec(null), new HyParViewMessage<PeerId>(HyParViewMessageKind.Join, A, 0, false, [])));
    }

    [Fact]
    public void Keys_of_nodes_follow_from_their_names_and_what_a_node_says_of_its_own_must_agree()
    {
        var chord = new ChordCodec(null);
        Assert.True(chord.TryDecode(Write(chord, new(ChordMessageKind.Notify, 0, default, new(RingKey.OfName("near"), A), [new(default, B)])), out ChordMessage<PeerId> read));
        Assert.Equal((Contact(A), Contact(B)), (read.Predecessor!.Value, read.Contacts[0]));
        var pastry = new PastryCodec(null);
        Assert.True(pastry.TryDecode(Write(pastry, new(PastryMessageKind.Join, RingKey.Of(A), 0, 1, Contact(A), [])), out _));
        Assert.False(pastry.TryDecode(Write(pastry, new(PastryMessageKind.Join, RingKey.OfName("elsewhere"), 0, 1, Contact(A), [])), out _));
        Assert.False(pastry.TryDecode(Write(pastry, new(PastryMessageKind.Arrived, RingKey.OfName("elsewhere"), 0, 0, Contact(A), [])), out _));
    }

    [Fact]
    public void Addresses_are_told_of_sound_messages_alone_and_only_so_many()
    {
        var known = new AddressNotes();
        known.Learn(A, [.. Enumerable.Range(1, 9).Select(i => Multiaddr.Parse($"/ip4/192.0.2.{i}/tcp/4001"))]);
        byte[] bytes = Write(new ChordCodec(known), new ChordMessage<PeerId>(ChordMessageKind.Nearer, 1, default, null, [Contact(A), Contact(B)]));
        var learned = new AddressNotes();
        var codec = new ChordCodec(learned);
        Assert.False(codec.TryDecode([.. bytes, 0x2A], out _));
        Assert.Empty(learned.AddressesOf(A));
        Assert.True(codec.TryDecode(bytes, out _));
        Assert.Equal(known.AddressesOf(A).Take(4), learned.AddressesOf(A));
        Assert.Empty(learned.AddressesOf(B));
    }

    [Fact]
    public void More_than_the_bounds_is_refused()
    {
        byte[] contact = [0x2A, 0x28, 0x0A, 0x26, .. A.Bytes];
        byte[] Many(int count) => [.. Enumerable.Repeat(contact, count).SelectMany(c => c)];
        Assert.True(new ChordCodec(null).TryDecode(Many(ChordCodec.MaxContacts), out _));
        Assert.False(new ChordCodec(null).TryDecode(Many(ChordCodec.MaxContacts + 1), out _));
        byte[] subject = [0x12, 0x28, 0x0A, 0x26, .. A.Bytes];
        Assert.True(new HyParViewCodec(null).TryDecode([.. subject, .. Many(HyParViewCodec.MaxPeers)], out _));
        Assert.False(new HyParViewCodec(null).TryDecode([.. subject, .. Many(HyParViewCodec.MaxPeers + 1)], out _));
        Assert.False(new HyParViewCodec(null).TryDecode([.. subject, 0x18, HyParViewCodec.MaxTimeToLive + 1], out _));
        Assert.False(new HyParViewCodec(null).TryDecode([.. subject, 0x08, (byte)HyParViewMessageKind.ShuffleReply + 1], out _));
        Assert.False(new HyParViewCodec(null).TryDecode([0x08, 0x01], out _));
        Assert.False(QueryRoutingTable.TryRead(new byte[12], out _));
        Assert.False(QueryRoutingTable.TryRead(new byte[(QueryRoutingTable.MaxBits / 8) * 2], out _));
        Assert.False(ReconciliationCodec.TryDecode(ReconciliationCodec.Encode(new(new string('s', ReconciliationCodec.MaxNameBytes + 1), default)), out _));
        Assert.False(new BroadcastCodec(null).TryDecode([], out _));
        Assert.False(new ScribeCodec(null).TryDecode([], out _));
        var scribe = new ScribeCodec(null);
        Assert.False(scribe.TryDecode(Write(scribe, new ScribeMessage<PeerId>(null, new TreeMessage(ScribeMessageKind.HandDown, default, 0, 0))), out _));
        Assert.False(scribe.TryDecode(Write(scribe, new ScribeMessage<PeerId>(null, new TreeMessage(ScribeMessageKind.Subscribe, default, 0, 0)) { Child = A }), out _));
        Assert.False(scribe.TryDecode(Write(scribe, new ScribeMessage<PeerId>(null, new TreeMessage(ScribeMessageKind.Report, default, 1, 0))), out _));
        Assert.False(scribe.TryDecode(Write(scribe, new ScribeMessage<PeerId>(null, new TreeMessage(ScribeMessageKind.Report, default, 1, 0) { Aggregate = ScribeAggregate.None with { Extra = new byte[ScribeAggregate.MaxExtraBytes + 1] } })), out _));
    }

    [Fact]
    public void A_payload_under_anothers_number_is_refused()
    {
        var codec = new PlumtreeCodec();
        byte[] sound = Write(codec, new PlumtreeMessage(PlumtreeMessageKind.Gossip, PlumtreeMessage.NumberOf([1]), 0, new byte[] { 1 }));
        Assert.True(codec.TryDecode(sound, out _));
        Assert.False(codec.TryDecode(Write(codec, new PlumtreeMessage(PlumtreeMessageKind.Gossip, PlumtreeMessage.NumberOf([1]), 0, new byte[] { 2 })), out _));
    }

    [Fact]
    public void A_routing_table_keeps_its_bits()
    {
        QueryRoutingTable table = Table();
        Assert.True(QueryRoutingTable.TryRead(table.ToBytes(), out QueryRoutingTable? read));
        Assert.Equal(table.ToBytes(), read.ToBytes());
        Assert.True(read.MayHave(42));
        Assert.False(read.MayHave(43));
    }

    private static QueryRoutingTable Table()
    {
        var table = new QueryRoutingTable(128);
        table.Add(42);
        return table;
    }

    private static PastryMessage<PeerId> Route(RingKey key, PeerId origin) => new(PastryMessageKind.Route, key, 5, 1, Contact(origin), [Contact(B), Contact(C)]);

    private static RingContact<PeerId> Contact(PeerId peer) => new(RingKey.Of(peer), peer);

    private static PeerId Peer(byte number) => PeerId.FromPublicKey(new PublicKey(KeyType.Ed25519, [.. Enumerable.Repeat(number, 32)]));

    private static byte[] Write<TMessage>(IOverlayCodec<TMessage> codec, in TMessage message)
        where TMessage : struct
    {
        var output = new ArrayBufferWriter<byte>();
        codec.Encode(message, output);
        return output.WrittenSpan.ToArray();
    }

    /// <param name="MaxBytes">The longest message that is read.</param>
    /// <param name="Samples">Messages on the wire.</param>
    /// <param name="Again">Reads and writes one; null where it is refused.</param>
    private sealed record Wire(int MaxBytes, byte[][] Samples, Func<byte[], byte[]?> Again)
    {
        public static Wire Of<TMessage>(IOverlayCodec<TMessage> codec, int maxBytes, params TMessage[] messages)
            where TMessage : struct =>
            new(maxBytes, [.. messages.Select(m => Write(codec, m))], bytes => codec.TryDecode(bytes, out TMessage read) ? Write(codec, read) : null);
    }

    private sealed class AddressNotes : IPeerAddresses
    {
        private readonly Dictionary<PeerId, IReadOnlyList<Multiaddr>> _known = [];

        public IReadOnlyList<Multiaddr> AddressesOf(PeerId peer) => _known.GetValueOrDefault(peer) ?? [];

        public void Learn(PeerId peer, IReadOnlyList<Multiaddr> addresses) => _known[peer] = addresses;
    }
}
