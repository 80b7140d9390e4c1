using Compeer.Protocols.Yamux;

namespace Compeer.Tests.Yamux;

public sealed class YamuxSessionTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(11)]
    [InlineData(int.MaxValue)]
    public void Bytes_arrive_in_order_both_ways_however_they_are_cut(int cut)
    {
        var pair = new YamuxPair(cut: cut);
        byte[] data = RandomBytes(100_000);
        (YamuxStream ours, YamuxStream theirs) = pair.Open();
        Assert.True(ours.Write(data));
        Assert.True(theirs.Write(data.AsMemory(0, 5)));
        ours.CloseWrite();
        theirs.CloseWrite();
        pair.Run();

        Assert.Equal(data, pair.ReadAll(theirs));
        Assert.Equal(data[..5], pair.ReadAll(ours));
        Assert.True(ours.IsRemoteEnded && theirs.IsRemoteEnded);
        Assert.Equal(0, pair.Dialer.StreamCount + pair.Listener.StreamCount);
        Assert.Equal(0, pair.Dialer.UnreadBytes + pair.Listener.UnreadBytes);
    }

    [Fact]
    public void Ids_are_odd_for_the_dialer_and_even_for_the_listener()
    {
        var pair = new YamuxPair();
        Assert.Equal([1u, 3u], new[] { pair.Dialer.OpenStream(pair.Now)!.Id, pair.Dialer.OpenStream(pair.Now)!.Id });
        Assert.Equal([2u, 4u], new[] { pair.Listener.OpenStream(pair.Now)!.Id, pair.Listener.OpenStream(pair.Now)!.Id });
    }

    [Fact]
    public void A_stream_that_only_listens_is_opened_too()
    {
        var pair = new YamuxPair();
        (YamuxStream ours, YamuxStream theirs) = pair.Open();
        theirs.Write("hello"u8.ToArray());
        pair.Run();
        Assert.Equal("hello"u8.ToArray(), pair.ReadAll(ours));
    }

    [Fact]
    public void Lent_bytes_are_unread_until_they_are_given_back_and_outlive_their_stream()
    {
        var pair = new YamuxPair();
        byte[] data = RandomBytes(3000);
        (YamuxStream ours, YamuxStream theirs) = pair.Open();
        Assert.False(theirs.TryLend(out _));
        Assert.True(ours.Write(data.AsMemory(0, 1000)));
        pair.Run();
        Assert.True(theirs.TryLend(out ReadOnlyMemory<byte> lent));
        Assert.True(ours.Write(data.AsMemory(1000)));
        pair.Run();
        Assert.Equal(data[..1000], lent.ToArray());
        Assert.Equal((3000, 3000), (theirs.ReadableBytes, pair.Listener.UnreadBytes));
        Assert.Throws<InvalidOperationException>(() => theirs.TryLend(out _));
        Assert.Throws<InvalidOperationException>(() => theirs.Read(new byte[1], pair.Now));
        theirs.EndLend(900, pair.Now);
        Assert.Equal((2100, 2100), (theirs.ReadableBytes, pair.Listener.UnreadBytes));
        byte[] target = new byte[100];
        Assert.Equal(100, theirs.Read(target, pair.Now));
        Assert.Equal(data[900..1000], target);

        Assert.True(theirs.TryLend(out lent));
        byte[] before = lent.ToArray();
        ours.Reset();
        pair.Run();
        Assert.Equal((0, 0), (theirs.ReadableBytes, pair.Listener.UnreadBytes));
        Assert.Equal(before, lent.ToArray());
        theirs.EndLend(lent.Length, pair.Now);
        Assert.Equal((0, 0), (theirs.ReadableBytes, pair.Listener.UnreadBytes));
    }

    [Fact]
    public void What_a_reader_waits_for_goes_straight_to_it_and_the_rest_is_kept()
    {
        var pair = new YamuxPair(cut: 100);
        byte[] data = RandomBytes(300_000), target = new byte[200_000];
        (YamuxStream ours, YamuxStream theirs) = pair.Open();
        theirs.Await(target);
        Assert.False(ours.Write(data));
        pair.Run();
        Assert.Equal(target.Length, theirs.EndAwait());
        Assert.False(ours.IsWriting);
        Assert.Equal(data, (byte[])[.. target, .. pair.ReadAll(theirs)]);
        theirs.Await(target);
        Assert.Equal(0, theirs.EndAwait());
        Assert.Equal(0, pair.Listener.UnreadBytes);
    }

    [Fact]
    public void Small_writes_share_a_frame_and_the_end_has_its_own()
    {
        var pair = new YamuxPair();
        (YamuxStream ours, _) = pair.Open();
        for (int i = 0; i < 100; i++)
            ours.Write(new byte[10]);
        ours.CloseWrite();
        Assert.True(pair.Dialer.TryTransmit(out ReadOnlyMemory<byte> output, pair.Now));
        Assert.Equal(YamuxFrame.HeaderBytes + 1000 + YamuxFrame.HeaderBytes, output.Length);
        Assert.True(YamuxFrame.TryRead(output.Span, out YamuxFrame frame));
        Assert.Equal(new YamuxFrame(YamuxFrameType.Data, YamuxFlags.None, ours.Id, 1000), frame);
        Assert.True(YamuxFrame.TryRead(output.Span[^YamuxFrame.HeaderBytes..], out frame));
        Assert.Equal(new YamuxFrame(YamuxFrameType.WindowUpdate, YamuxFlags.Fin, ours.Id, 0), frame);
    }

    [Fact]
    public void A_writer_waits_for_the_window_and_goes_on_when_it_opens()
    {
        var pair = new YamuxPair();
        (YamuxStream ours, YamuxStream theirs) = pair.Open();
        byte[] data = RandomBytes(YamuxOptions.InitialWindowBytes + 10_000);
        Assert.False(ours.Write(data));
        Assert.Throws<InvalidOperationException>(() => ours.Write(data));
        ours.CloseWrite();
        pair.Run();
        Assert.Equal(YamuxOptions.InitialWindowBytes, theirs.ReadableBytes);
        Assert.True(ours.IsWriting);

        byte[] first = pair.ReadAll(theirs);
        pair.Run();

        Assert.False(ours.IsWriting);
        Assert.True((pair.Seen[ours] & YamuxSignals.Written) != 0);
        Assert.Equal(data, (byte[])[.. first, .. pair.ReadAll(theirs)]);
        Assert.True(theirs.IsRemoteEnded);
    }

    [Fact]
    public void A_stream_that_nobody_reads_stalls_no_other()
    {
        var pair = new YamuxPair();
        (YamuxStream stalled, _) = pair.Open();
        (YamuxStream moving, YamuxStream reader) = pair.Open();
        Assert.False(stalled.Write(new byte[1 << 20]));
        moving.Write("through"u8.ToArray());
        pair.Run();
        Assert.Equal("through"u8.ToArray(), pair.ReadAll(reader));
    }

    [Fact]
    public void Writers_take_turns()
    {
        var pair = new YamuxPair();
        (YamuxStream a, YamuxStream atA) = pair.Open();
        (YamuxStream b, YamuxStream atB) = pair.Open();
        a.Write(new byte[1 << 20]);
        b.Write(new byte[100_000]);
        pair.Run();
        Assert.True(atB.ReadableBytes == 100_000 && atA.ReadableBytes == YamuxOptions.InitialWindowBytes);
    }

    [Fact]
    public void Windows_grow_to_what_the_path_can_hold_while_the_reader_keeps_up()
    {
        var pair = new YamuxPair(delay: TimeSpan.FromMilliseconds(50));
        pair.Run();
        Assert.Equal(TimeSpan.FromMilliseconds(100), pair.Dialer.RoundTrip);
        (YamuxStream ours, YamuxStream theirs) = pair.Open();
        Assert.False(ours.Write(new byte[64 << 20]));
        for (int i = 0; i < 300 && ours.IsWriting; i++)
        {
            pair.Run();
            pair.ReadAll(theirs);
        }
        Assert.False(ours.IsWriting);
        Assert.Equal(16 << 20, theirs.WindowBytes);
    }

    [Fact]
    public void Windows_do_not_grow_for_a_slow_reader()
    {
        var pair = new YamuxPair(delay: TimeSpan.FromMilliseconds(50));
        (YamuxStream ours, YamuxStream theirs) = pair.Open();
        ours.Write(new byte[8 << 20]);
        for (int i = 0; i < 100 && ours.IsWriting; i++)
        {
            pair.Run();
            pair.Now += TimeSpan.FromSeconds(1);
            pair.ReadAll(theirs);
        }
        Assert.Equal(YamuxOptions.InitialWindowBytes, theirs.WindowBytes);
    }

    [Fact]
    public void A_reset_ends_both_sides()
    {
        var pair = new YamuxPair();
        (YamuxStream ours, YamuxStream theirs) = pair.Open();
        ours.Write(new byte[100]);
        pair.Run();
        ours.Reset();
        pair.Run();
        Assert.Equal(YamuxCut.ByUs, ours.Cut);
        Assert.Equal(YamuxCut.ByRemote, theirs.Cut);
        Assert.Equal(0, theirs.ReadableBytes + pair.Listener.UnreadBytes + pair.Dialer.StreamCount + pair.Listener.StreamCount);
        Assert.True(theirs.Write(new byte[10]));
    }

    [Fact]
    public void What_is_sent_to_a_reader_that_has_gone_is_answered_by_a_reset()
    {
        var pair = new YamuxPair();
        (YamuxStream ours, YamuxStream theirs) = pair.Open();
        theirs.CloseWrite();
        theirs.CloseRead(pair.Now);
        pair.Run();
        Assert.Equal(YamuxCut.None, ours.Cut);
        ours.Write(new byte[1]);
        pair.Run();
        Assert.Equal(YamuxCut.ByRemote, ours.Cut);
        Assert.Equal(0, pair.Listener.StreamCount);
    }

    [Fact]
    public void A_stream_that_nobody_reads_any_more_does_not_stay_for_ever()
    {
        var pair = new YamuxPair();
        (YamuxStream ours, YamuxStream theirs) = pair.Open();
        theirs.CloseWrite();
        theirs.CloseRead(pair.Now);
        for (int i = 0; i < 4; i++)
        {
            pair.Run();
            pair.Now += TimeSpan.FromSeconds(30);
            pair.Dialer.OnDeadline(pair.Now);
            pair.Listener.OnDeadline(pair.Now);
        }
        pair.Run();
        Assert.Equal(YamuxCut.ByRemote, ours.Cut);
    }

    [Fact]
    public void No_more_than_256_streams_wait_for_the_remote()
    {
        var pair = new YamuxPair();
        for (int i = 0; i < 256; i++)
            Assert.NotNull(pair.Dialer.OpenStream(pair.Now));
        Assert.Null(pair.Dialer.OpenStream(pair.Now));
        pair.Run();
        Assert.Equal(256, pair.Arrived.Count);
        Assert.True(pair.Dialer.CanOpen);
    }

    [Fact]
    public void Streams_beyond_what_the_listener_takes_are_reset()
    {
        var pair = new YamuxPair(new YamuxOptions { MaxIncomingStreams = 2 });
        YamuxStream[] streams = [.. Enumerable.Range(0, 3).Select(_ => pair.Dialer.OpenStream(pair.Now)!)];
        pair.Run();
        Assert.Equal([YamuxCut.None, YamuxCut.None, YamuxCut.ByRemote], streams.Select(s => s.Cut));
    }

    [Fact]
    public void Keep_alive_ends_a_session_whose_remote_is_silent()
    {
        var pair = new YamuxPair();
        pair.Run();
        Assert.Equal(pair.Now + TimeSpan.FromSeconds(30), pair.Dialer.NextDeadline);
        pair.Now += TimeSpan.FromSeconds(30);
        pair.Dialer.OnDeadline(pair.Now);
        Assert.True(pair.Dialer.TryTransmit(out _, pair.Now));
        pair.Now += TimeSpan.FromSeconds(30);
        pair.Dialer.OnDeadline(pair.Now);
        Assert.Equal(YamuxEnd.NoAnswer, pair.Dialer.End);
        Assert.Null(pair.Dialer.NextDeadline);
    }

    [Fact]
    public void A_remote_that_answers_keeps_its_session()
    {
        var pair = new YamuxPair(delay: TimeSpan.FromMilliseconds(1));
        for (int i = 0; i < 10; i++)
        {
            pair.Run();
            pair.Now += TimeSpan.FromSeconds(31);
            pair.Dialer.OnDeadline(pair.Now);
        }
        Assert.Equal(YamuxEnd.None, pair.Dialer.End);
    }

    [Fact]
    public void Going_away_lets_open_streams_finish()
    {
        var pair = new YamuxPair();
        (YamuxStream ours, YamuxStream theirs) = pair.Open();
        pair.Listener.GoAway();
        pair.Run();
        Assert.Null(pair.Dialer.OpenStream(pair.Now));
        ours.Write("last"u8.ToArray());
        pair.Run();
        Assert.Equal("last"u8.ToArray(), pair.ReadAll(theirs));
    }

    [Fact]
    public void Closing_cuts_every_stream_off_and_what_came_can_still_be_read()
    {
        var pair = new YamuxPair();
        (YamuxStream ours, YamuxStream theirs) = pair.Open();
        ours.Write("came"u8.ToArray());
        pair.Run();
        pair.Dialer.Close();
        pair.Run();
        pair.Listener.OnTransportEnd();
        Assert.Equal((YamuxEnd.ByUs, YamuxEnd.ByRemote), (pair.Dialer.End, pair.Listener.End));
        Assert.Equal((YamuxCut.SessionOver, YamuxCut.SessionOver), (ours.Cut, theirs.Cut));
        Assert.Equal("came"u8.ToArray(), pair.ReadAll(theirs));
    }

    [Fact]
    public void A_busy_session_allocates_nothing_per_frame()
    {
        var pair = new YamuxPair();
        (YamuxStream ours, YamuxStream theirs) = pair.Open();
        byte[] block = new byte[8192], target = new byte[8192];
        long moved = 0;
        void Move()
        {
            ours.Write(block);
            pair.Dialer.TryTransmit(out ReadOnlyMemory<byte> output, pair.Now);
            pair.Listener.Receive(output.Span, pair.Now);
            while (pair.Listener.TryTakeSignals(out _, out _))
            {
            }
            moved += theirs.Read(target, pair.Now);
            if (pair.Listener.TryTransmit(out output, pair.Now))
                pair.Dialer.Receive(output.Span, pair.Now);
        }
        for (int i = 0; i < 200; i++)
            Move();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            Move();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 16_384);
        Assert.Equal(1200L * block.Length, moved);
    }

    private static byte[] RandomBytes(int count)
    {
        byte[] bytes = new byte[count];
        new Random(count).NextBytes(bytes);
        return bytes;
    }
}
