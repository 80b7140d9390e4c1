using Compeer.Formats.Torrents;
using Compeer.Protocols;
using Compeer.Protocols.PeerWire;
using Compeer.Protocols.WebSeeds;
using static Compeer.Tests.WebSeeds.WebSeedTestKit;

namespace Compeer.Tests.WebSeeds;

/// <summary>What is asked of a web seed and what is made of its answers.</summary>
public class WebSeedSessionTests
{
    private static readonly Metainfo Mixed = Folder("box", ("a", 100_000), ("empty", 0), ("b", 7), (".pad", 30_000), ("c", 50_000), ("d", 1));

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(1000)]
    [InlineData(16 * 1024)]
    [InlineData(1 << 20)]
    public void A_claim_over_files_and_padding_comes_out_right_however_its_bytes_are_cut(int part)
    {
        WebSeedSession session = Session(Mixed);
        BlockRequest[] claim = Blocks(Mixed, 0, Mixed.PieceCount);
        session.Claim([.. claim.Reverse()], Start);
        var blocks = new List<(BlockRequest Request, byte[] Payload)>();
        var asked = new List<string>();
        while (session.HasClaim)
        {
            Feed(session, [], 1, blocks);
            Assert.True(session.TryNextRequest(Start, out WebSeedRequest? request));
            asked.Add($"{request.FileIndex}:{request.Offset}+{request.Length}");
            Feed(session, Answer(request), part, blocks);
            session.OnEnded(null, Start);
        }
        Assert.Equal(["0:0+100000", "2:0+7", "4:0+50000", "5:0+1"], asked);
        Assert.Equal(claim, blocks.Select(b => b.Request));
        Assert.All(blocks, b => Assert.Equal(Expected(Mixed, b.Request), b.Payload));
        Assert.True(session.IsReady(Start));
    }

    [Fact]
    public void Pieces_that_are_apart_are_asked_for_apart()
    {
        WebSeedSession session = Session(Mixed);
        session.Claim([.. Blocks(Mixed, 0, 1), .. Blocks(Mixed, 2, 1)], Start);
        var blocks = new List<(BlockRequest, byte[])>();
        Assert.True(session.TryNextRequest(Start, out WebSeedRequest? first));
        Assert.Equal((0, 0, PieceLength), (first.FileIndex, first.Offset, first.Length));
        Feed(session, Answer(first), 5000, blocks);
        session.OnEnded(null, Start);
        Assert.True(session.TryNextRequest(Start, out WebSeedRequest? second));
        Assert.Equal((0, 2 * PieceLength, PieceLength), (second.FileIndex, second.Offset, second.Length));
    }

    [Fact]
    public void More_than_was_asked_for_is_dropped()
    {
        WebSeedSession session = Session(Mixed);
        session.Claim(Blocks(Mixed, 0, 1), Start);
        Assert.True(session.TryNextRequest(Start, out WebSeedRequest? request));
        var blocks = new List<(BlockRequest, byte[])>();
        Feed(session, [.. Answer(request), .. new byte[100_000]], 3000, blocks);
        Assert.Equal(2, blocks.Count);
        Feed(session, new byte[100_000], 100_000, blocks);
        Assert.Equal(2, blocks.Count);
    }

    [Fact]
    public void A_server_may_give_a_range_in_parts()
    {
        WebSeedSession session = Session(Mixed);
        session.Claim(Blocks(Mixed, 0, 1), Start);
        var blocks = new List<(BlockRequest Request, byte[] Payload)>();
        for (int asked = 0; session.HasClaim; asked++)
        {
            Assert.InRange(asked, 0, 40);
            Assert.True(session.TryNextRequest(Start, out WebSeedRequest? request));
            Feed(session, Answer(request)[..(int)Math.Min(1000, request.Length)], 300, blocks);
            session.OnEnded(null, Start);
        }
        Assert.All(blocks, b => Assert.Equal(Expected(Mixed, b.Request), b.Payload));
    }

    [Fact]
    public void An_empty_answer_is_a_failure()
    {
        WebSeedSession session = Session(Mixed);
        Ask(session, Mixed);
        session.OnEnded(null, Start);
        Assert.Equal(WebSeedFailureKind.BrokenOff, session.Problem!.Kind);
        Assert.Equal(Blocks(Mixed, 0, 1), Lost(session));
        Assert.False(session.IsReady(Start));
        Assert.True(session.IsReady(Start + TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void What_broke_off_is_kept_up_to_the_last_whole_block()
    {
        WebSeedSession session = Session(Mixed);
        WebSeedRequest request = Ask(session, Mixed);
        var blocks = new List<(BlockRequest, byte[])>();
        Feed(session, Answer(request)[..20_000], 20_000, blocks);
        session.OnEnded(new WebSeedFailure(WebSeedFailureKind.BrokenOff, "it broke off"), Start);
        Assert.Single(blocks);
        Assert.Equal([new BlockRequest(0, 16384, 16384)], Lost(session));
    }

    [Fact]
    public void A_missing_file_costs_its_pieces_only()
    {
        WebSeedSession session = Session(Mixed);
        Ask(session, Mixed);
        session.OnEnded(new WebSeedFailure(WebSeedFailureKind.NotThere, "it does not have the file"), Start);
        Assert.True(session.IsReady(Start));
        Assert.Null(session.Closed);
        Assert.False(session.Pieces[0]);
        Assert.False(session.Pieces[3]);
        Assert.True(session.Pieces[4]);
    }

    [Fact]
    public void A_seed_with_none_of_the_files_is_done_with()
    {
        Metainfo single = SingleFile("f", 100_000);
        WebSeedSession session = Session(single);
        Ask(session, single);
        session.OnEnded(new WebSeedFailure(WebSeedFailureKind.NotThere, "it does not have the file"), Start);
        Assert.Equal("it does not have the file", session.Closed);
        Assert.False(session.IsReady(Instant.Never - TimeSpan.FromSeconds(1)));
        Assert.NotEmpty(Lost(session));
    }

    [Theory]
    [InlineData(WebSeedFailureKind.Forbidden)]
    [InlineData(WebSeedFailureKind.NoRanges)]
    public void Some_failures_are_for_good(WebSeedFailureKind kind)
    {
        WebSeedSession session = Session(Mixed);
        Ask(session, Mixed);
        session.OnEnded(new WebSeedFailure(kind, "no"), Start);
        Assert.Equal("no", session.Closed);
    }

    [Fact]
    public void Waits_double_and_end_with_a_success()
    {
        WebSeedSession session = Session(Mixed);
        Instant now = Start;
        foreach (int seconds in (int[])[5, 10, 20, 40, 80, 160, 320, 600, 600])
        {
            session.Claim(Blocks(Mixed, 0, 1), now);
            Assert.True(session.TryNextRequest(now, out _));
            session.OnEnded(new WebSeedFailure(WebSeedFailureKind.HttpStatus, "it failed"), now);
            Assert.False(session.IsReady(now + TimeSpan.FromSeconds(seconds - 1)));
            now += TimeSpan.FromSeconds(seconds);
            Assert.True(session.IsReady(now));
        }
    }

    [Theory]
    [InlineData(100, 100)]
    [InlineData(100_000, 3600)]
    [InlineData(-5, 5)]
    public void A_server_may_say_when_within_bounds(int wish, int wait)
    {
        WebSeedSession session = Session(Mixed);
        Ask(session, Mixed);
        session.OnEnded(new WebSeedFailure(WebSeedFailureKind.Busy, "it is busy") { RetryAfter = TimeSpan.FromSeconds(wish) }, Start);
        Assert.False(session.IsReady(Start + TimeSpan.FromSeconds(wait - 1)));
        Assert.True(session.IsReady(Start + TimeSpan.FromSeconds(wait)));
    }

    [Fact]
    public void One_byte_a_second_is_given_up()
    {
        WebSeedSession session = Session(Mixed);
        WebSeedRequest request = Ask(session, Mixed);
        byte[] answer = Answer(request);
        var blocks = new List<(BlockRequest, byte[])>();
        Instant now = Start;
        for (int i = 0; i < 29; i++)
        {
            Feed(session, answer[i..(i + 1)], 1, blocks);
            now += TimeSpan.FromSeconds(1);
            Assert.False(session.OnDeadline(now));
        }
        Assert.Equal(Start + TimeSpan.FromSeconds(30), session.NextDeadline);
        Assert.True(session.OnDeadline(now + TimeSpan.FromSeconds(1)));
        Assert.Equal(WebSeedFailureKind.TooSlow, session.Problem!.Kind);
        Assert.NotEmpty(Lost(session));
        Assert.Equal(Instant.Never, session.NextDeadline);
    }

    [Fact]
    public void Our_own_rate_limit_is_not_its_fault()
    {
        WebSeedSession session = Session(Mixed);
        Ask(session, Mixed);
        session.OnThrottled(Start + TimeSpan.FromSeconds(29));
        Assert.False(session.OnDeadline(Start + TimeSpan.FromSeconds(31)));
    }

    [Fact]
    public void Claims_grow_with_the_rate_and_shrink_with_failures()
    {
        Metainfo big = SingleFile("f", 64 << 20);
        WebSeedSession session = Session(big);
        Instant now = Start;
        for (int i = 0; i < 4; i++)
        {
            session.Claim(Blocks(big, 0, 1), now);
            Assert.True(session.TryNextRequest(now, out WebSeedRequest? request));
            ReadOnlySpan<byte> data = Answer(request);
            while (session.TryReceive(ref data, now, out _))
            {
            }
            session.OnEnded(null, now);
        }
        Assert.Equal(8 << 20, session.ClaimBytes);
        session.Claim(Blocks(big, 0, 1), now);
        Assert.True(session.TryNextRequest(now, out _));
        session.OnEnded(new WebSeedFailure(WebSeedFailureKind.Unreachable, "it is gone"), now);
        Assert.Equal(4 << 20, session.ClaimBytes);
    }

    [Fact]
    public void Names_without_an_address_are_never_asked_for()
    {
        Metainfo metainfo = Folder("box", ("..", 100_000), ("b", 100_000));
        WebSeedSession session = Session(metainfo);
        Assert.False(session.Pieces[0]);
        Assert.True(session.Pieces[4]);
        Assert.NotNull(Session(Folder("..", ("a", 1), ("b", 2))).Closed);
    }

    private static WebSeedRequest Ask(WebSeedSession session, Metainfo metainfo)
    {
        session.Claim(Blocks(metainfo, 0, 1), Start);
        Assert.True(session.TryNextRequest(Start, out WebSeedRequest? request));
        return request;
    }

    private static BlockRequest[] Lost(WebSeedSession session)
    {
        var lost = new List<BlockRequest>();
        while (session.TryTakeLost(out BlockRequest block))
            lost.Add(block);
        return [.. lost];
    }
}
