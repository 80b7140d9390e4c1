using Compeer.Formats.Torrents;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.Picking;
using static Compeer.Tests.Picking.PickerTestKit;

namespace Compeer.Tests.Picking;

public sealed class PieceSharesTests
{
    private static readonly PeerId[] Ids = [.. Enumerable.Range(1, 8).Select(i => PeerId.Create(Enumerable.Repeat((byte)i, 12).ToArray()))];

    [Fact]
    public void Every_piece_falls_to_exactly_one_of_those_who_know_each_other()
    {
        PieceShares[] shares = [.. Ids.Select(Shares)];
        int[] fallen = new int[shares.Length];
        for (int piece = 0; piece < 4_000; piece++)
            fallen[Assert.Single(Enumerable.Range(0, shares.Length), i => shares[i].IsOurs(piece))]++;
        Assert.All(fallen, count => Assert.InRange(count, 400, 600));
    }

    [Fact]
    public void Who_fetches_alone_may_begin_with_any()
    {
        var shares = new PieceShares(Ids[0]);
        Assert.All(Enumerable.Range(0, 100), piece => Assert.True(shares.IsOurs(piece)));
    }

    [Fact]
    public void Leechers_of_one_seed_begin_with_different_pieces()
    {
        const int pieces = 400, each = 20;
        PiecePicker[] pickers = [.. Ids.Select((id, i) => new PiecePicker(new PickerOptions { RandomFirst = 0 }, pieces, _ => Block, new Random(i)) { Shares = Shares(id) })];
        PieceSet seed = All(pieces);
        var asked = new List<int>();
        foreach (PiecePicker picker in pickers)
        {
            picker.PeerJoined(seed);
            asked.AddRange(picker.Take(1, seed, each).Select(request => request.Index));
        }
        Assert.Equal(pickers.Length * each, asked.Count);
        Assert.Equal(asked.Count, asked.Distinct().Count());
    }

    [Fact]
    public void When_nothing_is_left_that_falls_to_us_the_rest_is_taken_too()
    {
        const int pieces = 64;
        var picker = new PiecePicker(new PickerOptions { RandomFirst = 0 }, pieces, _ => Block, new Random(1)) { Shares = Shares(Ids[0]) };
        PieceSet seed = All(pieces);
        picker.PeerJoined(seed);
        Assert.Equal(Enumerable.Range(0, pieces), picker.Take(1, seed, pieces).Select(r => r.Index).Order());
    }

    private static PieceShares Shares(PeerId own)
    {
        var shares = new PieceShares(own);
        shares.SetOthers(Ids.Where(id => !id.Equals(own)));
        return shares;
    }
}
