using System.Buffers.Binary;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.PeerWire;

/// <summary>Before the metadata is here nobody knows how many pieces there are: what the remote says is kept and judged later.</summary>
public class MagnetPeerTests
{
    private static string Pieces(PeerWireSession session) =>
        string.Join(',', Enumerable.Range(0, WireSession.Pieces).Where(i => session.RemotePieces![i]));

    public static TheoryData<string, byte[], string> Early => new()
    {
        { "nothing", [], "" },
        { "have none", WireBytes.Frame(15), "" },
        { "have all", WireBytes.Frame(14), "0,1,2,3,4,5,6,7,8,9" },
        { "bitfield", WireBytes.Bitfield(0b1010_0000, 0b0100_0000), "0,2,9" },
        { "haves", [.. WireBytes.Have(9), .. WireBytes.Have(0), .. WireBytes.Have(9)], "0,9" },
        { "bitfield, then have all", [.. WireBytes.Bitfield(0x80, 0), .. WireBytes.Frame(14)], "0,1,2,3,4,5,6,7,8,9" },
        { "lost, then have all", [.. WireBytes.Frame(15), .. WireBytes.Extended(2, WireBytes.Int(0)), .. WireBytes.Frame(14)], "0,1,2,3,4,5,6,7,8,9" },
        { "two bitfields", [.. WireBytes.Bitfield(0x80, 0), .. WireBytes.Bitfield(0xC0, 0)], "0,1" },
        { "lost, then a bitfield that has it", [.. WireBytes.Frame(15), .. WireBytes.Extended(2, WireBytes.Int(0)), .. WireBytes.Bitfield(0x80, 0)], "0" },
        { "bitfield and haves", [.. WireBytes.Bitfield(0x80, 0), .. WireBytes.Have(4)], "0,4" },
        { "have all but one", [.. WireBytes.Frame(14), .. WireBytes.Extended(2, WireBytes.Int(5))], "0,1,2,3,4,6,7,8,9" },
        { "have, lost", [.. WireBytes.Have(3), .. WireBytes.Extended(2, WireBytes.Int(3))], "" },
        { "lost, have again", [.. WireBytes.Bitfield(0xFF, 0), .. WireBytes.Extended(2, WireBytes.Int(3)), .. WireBytes.Have(3)], "0,1,2,3,4,5,6,7" },
        { "bitfield, one lost", [.. WireBytes.Bitfield(0xFF, 0), .. WireBytes.Extended(2, WireBytes.Int(0))], "1,2,3,4,5,6,7" },
    };

    [Theory]
    [MemberData(nameof(Early))]
    public void Claims_are_kept_until_the_pieces_are_known(string name, byte[] sent, string expected)
    {
        PeerWireSession session = WireSession.Magnet();
        session.FeedAt(0, sent);
        Assert.Null(session.RemotePieces);
        session.SetPieces(WireSession.Pieces, WireSession.LengthAt);
        Assert.True(Pieces(session) == expected, $"{name}: {Pieces(session)}");
        Assert.Null(session.Closed);
    }

    public static TheoryData<string, byte[]> Misfits => new()
    {
        { "second bitfield of another length", [.. WireBytes.Bitfield(0xFF, 0xC0), .. WireBytes.Bitfield(0xFF)] },
        { "bitfield of another length", WireBytes.Bitfield(0xFF, 0xC0, 0) },
        { "bitfield with spare bits", WireBytes.Bitfield(0xFF, 0xFF) },
        { "have behind the last piece", WireBytes.Have(10) },
        { "have in another word", WireBytes.Have(64) },
        { "have of the last piece possible", WireBytes.Have((1 << 21) - 1) },
        { "lost behind the last piece", WireBytes.Extended(2, WireBytes.Int(10)) },
        { "allowed fast behind the last piece", WireBytes.AllowedFast(10) },
    };

    [Theory]
    [MemberData(nameof(Misfits))]
    public void A_claim_that_does_not_fit_ends_it_then(string name, byte[] sent)
    {
        PeerWireSession session = WireSession.Magnet();
        session.FeedAt(0, sent);
        Assert.Null(session.Closed);
        session.SetPieces(WireSession.Pieces, WireSession.LengthAt);
        Assert.True(session.Closed == "what it claimed to have does not fit the torrent", name);
    }

    [Theory]
    [InlineData("have", 4)]
    [InlineData("suggest", 13)]
    [InlineData("allowed fast", 17)]
    public void A_piece_that_no_torrent_has_ends_it_at_once(string name, int id)
    {
        foreach (int piece in new[] { -1, int.MinValue, 1 << 21, int.MaxValue })
        {
            PeerWireSession session = WireSession.Magnet();
            session.Feed(WireBytes.Frame(id, WireBytes.Int(piece)));
            Assert.True(session.Closed is not null, name);
        }
    }

    [Fact]
    public void Requests_are_refused_before()
    {
        PeerWireSession session = WireSession.Magnet();
        session.Unchoke();
        session.Sent();
        Assert.Empty(session.Feed(WireBytes.Request(0, 0, 16384), WireBytes.Request(-1, -1, -1)));
        Assert.Equal([.. WireBytes.Reject(0, 0, 16384), .. WireBytes.Reject(-1, -1, -1)], session.Sent());
        Assert.Null(session.Closed);
    }

    [Fact]
    public void Haves_before_take_a_bounded_amount_of_memory()
    {
        PeerWireSession session = WireSession.Magnet();
        byte[] have = WireBytes.Have(0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int piece = 0; piece < 1 << 21; piece += 7)
        {
            BinaryPrimitives.WriteInt32BigEndian(have.AsSpan(5), piece);
            ReadOnlySpan<byte> data = have;
            session.TryReceive(ref data, WireSession.At(0), out _);
        }
        Assert.Null(session.Closed);
        // All the sizes it grew through, not only the last.
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 2 * 256 * 1024 + 10_000);
    }

    [Fact]
    public void The_number_of_pieces_is_set_once() =>
        Assert.Throws<InvalidOperationException>(() => WireSession.New().SetPieces(WireSession.Pieces, WireSession.LengthAt));
}
