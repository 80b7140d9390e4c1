using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.PeerWire;

public class PeerMessageReaderTests
{
    private static readonly byte[] Everything =
    [
        .. WireBytes.Bitfield(0xFF, 0xC0), .. WireBytes.KeepAlive, .. WireBytes.Frame(0), .. WireBytes.Frame(1), .. WireBytes.Frame(2), .. WireBytes.Frame(3),
        .. WireBytes.Have(7), .. WireBytes.Request(1, 16384, 16384), .. WireBytes.Piece(2, 0, 300), .. WireBytes.Cancel(1, 2, 3),
        .. WireBytes.Frame(9, 0x1A, 0xE1), .. WireBytes.Suggest(5), .. WireBytes.Frame(14), .. WireBytes.Frame(15), .. WireBytes.Reject(3, 4, 5),
        .. WireBytes.AllowedFast(6), .. WireBytes.Extended(0, "de"), .. WireBytes.Extended(3, 1), .. WireBytes.HashRequest(21, 0, 512, 512, 3),
        .. WireBytes.HashRequest(22, 0, 0, 2, 0, new byte[64]), .. WireBytes.HashRequest(23, 1, 2, 2, 9), .. WireBytes.Frame(99, 1, 2, 3), .. WireBytes.KeepAlive,
    ];

    /// <summary>Reads pieces of the stream one after another.</summary>
    private static List<string> Read(PeerMessageReader reader, params byte[][] parts)
    {
        var messages = new List<string>();
        foreach (byte[] part in parts)
        {
            ReadOnlySpan<byte> data = part;
            PeerReadStatus status;
            while ((status = reader.TryRead(ref data, out PeerMessage m)) == PeerReadStatus.Message)
                messages.Add($"{m.Id} {m.Index} {m.Begin} {m.Length} {Convert.ToHexString(m.Payload)}");
            if (status == PeerReadStatus.Malformed)
                break;
            Assert.True(data.IsEmpty);
        }
        return messages;
    }

    [Fact]
    public void Every_message_is_read_with_its_fields()
    {
        List<string> messages = Read(new PeerMessageReader(), Everything);
        Assert.Equal(23, messages.Count);
        Assert.Equal("Bitfield 0 0 0 FFC0", messages[0]);
        Assert.Equal("KeepAlive 0 0 0 ", messages[1]);
        Assert.Equal("Have 7 0 0 ", messages[6]);
        Assert.Equal("Request 1 16384 16384 ", messages[7]);
        Assert.Equal($"Piece 2 0 300 {Convert.ToHexString(WireBytes.Content(2, 0, 300))}", messages[8]);
        Assert.Equal("Extended 3 0 0 01", messages[17]);
        Assert.Equal("99 0 0 0 010203", messages[21]);
    }

    [Fact]
    public void A_cut_at_any_byte_changes_nothing()
    {
        List<string> whole = Read(new PeerMessageReader(), Everything);
        for (int cut = 0; cut <= Everything.Length; cut++)
            Assert.Equal(whole, Read(new PeerMessageReader(), Everything[..cut], Everything[cut..]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(17)]
    [InlineData(64)]
    public void Parts_of_any_size_change_nothing(int size) =>
        Assert.Equal(Read(new PeerMessageReader(), Everything), Read(new PeerMessageReader(), [.. Everything.Chunk(size)]));

    [Fact]
    public void A_message_that_lies_whole_in_the_bytes_is_not_copied()
    {
        byte[] block = WireBytes.Piece(0, 0, 16384);
        var reader = new PeerMessageReader();
        ReadOnlySpan<byte> data = block;
        Assert.Equal(PeerReadStatus.Message, reader.TryRead(ref data, out PeerMessage message));
        Assert.True(message.Payload.Overlaps(block, out int offset));
        Assert.Equal(-PeerMessageWriter.PieceHeaderBytes, offset);
    }

    [Theory]
    [InlineData("length -1", 0xFFFF_FFFF, 6)]
    [InlineData("length 2^31-1", 0x7FFF_FFFF, 7)]
    [InlineData("length 2^31", 0x8000_0000, 5)]
    [InlineData("one more than the longest", PeerMessageReader.MaxBodyBytes + 2, 5)]
    [InlineData("choke with a body", 2, 0)]
    [InlineData("unchoke with a body", 5, 1)]
    [InlineData("interested with a body", 2, 2)]
    [InlineData("not interested with a body", 2, 3)]
    [InlineData("have without an index", 1, 4)]
    [InlineData("have too short", 4, 4)]
    [InlineData("have too long", 6, 4)]
    [InlineData("request too short", 12, 6)]
    [InlineData("request too long", 14, 6)]
    [InlineData("piece without a begin", 8, 7)]
    [InlineData("piece longer than a block", 9 + 16384 + 1, 7)]
    [InlineData("cancel too short", 5, 8)]
    [InlineData("port too short", 2, 9)]
    [InlineData("port too long", 5, 9)]
    [InlineData("suggest too long", 9, 13)]
    [InlineData("have all with a body", 2, 14)]
    [InlineData("have none with a body", 3, 15)]
    [InlineData("reject too short", 5, 16)]
    [InlineData("allowed fast empty", 1, 17)]
    [InlineData("extended without a number", 1, 20)]
    [InlineData("extended too long", 128 * 1024 + 2, 20)]
    [InlineData("hash request too short", 48, 21)]
    [InlineData("hash request too long", 50, 21)]
    [InlineData("hashes with half a hash", 49 + 16, 22)]
    [InlineData("hashes shorter than their head", 33, 22)]
    [InlineData("more hashes than any range has", 49 + 32 * 1000, 22)]
    [InlineData("hash reject with hashes", 49 + 32, 23)]
    public void An_impossible_length_ends_reading_before_memory_is_taken(string name, uint length, int id)
    {
        var reader = new PeerMessageReader();
        long before = GC.GetAllocatedBytesForCurrentThread();
        ReadOnlySpan<byte> data = WireBytes.Lie(length, id);
        Assert.True(reader.TryRead(ref data, out _) == PeerReadStatus.Malformed, name);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000);
        Assert.NotNull(reader.Fault);
        data = WireBytes.KeepAlive;
        Assert.Equal(PeerReadStatus.Malformed, reader.TryRead(ref data, out _));
    }

    [Theory]
    [InlineData("longest bitfield", PeerMessageReader.MaxBodyBytes + 1, 5)]
    [InlineData("longest unknown", PeerMessageReader.MaxBodyBytes + 1, 77)]
    [InlineData("longest extended", 128 * 1024 + 1, 20)]
    [InlineData("empty bitfield", 1, 5)]
    [InlineData("empty block", 9, 7)]
    public void The_longest_and_shortest_allowed_are_read(string name, int length, int id)
    {
        byte[] frame = WireBytes.Frame(id, new byte[length - 1]);
        Assert.True(Read(new PeerMessageReader(), frame).Count == 1, name);
        Assert.True(Read(new PeerMessageReader(), frame[..^1], frame[^1..]).Count == 1, name);
    }

    [Fact]
    public void A_promised_giant_takes_only_what_was_received()
    {
        var reader = new PeerMessageReader();
        long before = GC.GetAllocatedBytesForCurrentThread();
        ReadOnlySpan<byte> data = WireBytes.Lie(PeerMessageReader.MaxBodyBytes, 5, 1, 2, 3);
        Assert.Equal(PeerReadStatus.NeedMore, reader.TryRead(ref data, out _));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000);
    }

    [Fact]
    public void Random_bytes_never_throw_and_give_the_same_however_cut()
    {
        var random = new Random(20260101);
        for (int round = 0; round < 3_000; round++)
        {
            byte[] noise = new byte[random.Next(1, 400)];
            random.NextBytes(noise);
            // Plausible frames get further than noise does.
            for (int at = 0; round % 3 != 0 && at + 5 < noise.Length; at += 5 + noise[at + 3])
                (noise[at], noise[at + 1], noise[at + 2], noise[at + 3], noise[at + 4]) = (0, 0, 0, (byte)random.Next(60), (byte)random.Next(26));
            List<string> whole = Read(new PeerMessageReader(), noise);
            Assert.Equal(whole, Read(new PeerMessageReader(), [.. noise.Chunk(1)]));
        }
    }
}
