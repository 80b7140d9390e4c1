using Compeer.Protocols.Utp;

namespace Compeer.Tests.Utp;

/// <summary>Whole transfers over links that lose, delay, double and mix up.</summary>
public sealed class UtpTransferTests
{
    [Theory]
    [InlineData(0, 0, 0)]
    [InlineData(0.01, 0.02, 0.01)]
    [InlineData(0.05, 0.05, 0.05)]
    [InlineData(0.10, 0.10, 0.05)]
    [InlineData(0, 0.3, 0.3)]
    public void Both_directions_arrive_whole(double loss, double late, double doubled)
    {
        for (int seed = 1; seed <= 3; seed++)
        {
            var link = new VirtualLink(seed, new LinkOptions { Loss = loss, Late = late, Doubled = doubled });
            (UtpConnection a, UtpConnection b) = link.Connect();
            var there = new Flow(a, b, 700_001, () => link.Now, () => link.Now);
            var back = new Flow(b, a, 300_007, () => link.Now, () => link.Now);
            link.OnStep = () => { there.Step(); back.Step(); };
            Assert.True(link.RunUntil(() => there.IsDone && back.IsDone, TimeSpan.FromMinutes(10)), $"seed {seed}: {there.Received} and {back.Received} bytes; {a.Closed} {b.Closed}");
            link.OnStep = null;
            Assert.True(link.RunUntil(() => a.Closed == UtpCloseReason.Finished && b.Closed == UtpCloseReason.Finished, TimeSpan.FromMinutes(1)), $"seed {seed}: {a.Closed} {b.Closed}");
            link.Run(TimeSpan.FromSeconds(30));
            Assert.Equal(0, link.A.Router.ConnectionCount + link.B.Router.ConnectionCount);
        }
    }

    [Fact]
    public void Reordering_alone_is_not_taken_for_loss()
    {
        var link = new VirtualLink(3, new LinkOptions { Late = 0.02, LateBy = TimeSpan.FromMilliseconds(6), Rate = 4_000_000, QueueBytes = 4_000_000 });
        (UtpConnection a, UtpConnection b) = link.Connect();
        var flow = new Flow(a, b, 8_000_000, () => link.Now, () => link.Now);
        link.OnStep = flow.Step;
        Assert.True(link.RunUntil(() => flow.IsDone, TimeSpan.FromMinutes(1)));
        Assert.InRange(a.Statistics.ResentPackets, 0, a.Statistics.SentPackets / 100);
    }

    [Fact]
    public void A_transfer_costs_little_more_than_its_bytes()
    {
        var link = new VirtualLink(3, new LinkOptions { Loss = 0.02 });
        (UtpConnection a, UtpConnection b) = link.Connect();
        var flow = new Flow(a, b, 3_000_000, () => link.Now, () => link.Now);
        link.OnStep = flow.Step;
        Assert.True(link.RunUntil(() => flow.IsDone, TimeSpan.FromMinutes(10)));
        Assert.InRange(link.A.SentBytes, 3_000_000, 3_000_000 * 1.08);
        Assert.InRange(a.Statistics.Timeouts, 0, 2);
    }

    [Fact]
    public void Sequence_numbers_wrap()
    {
        // Some 73,000 packets are more than 16 bits count.
        var link = new VirtualLink(5, new LinkOptions { Delay = TimeSpan.FromMilliseconds(1), Loss = 0.001, Mtu = 1280 });
        (UtpConnection a, UtpConnection b) = link.Connect();
        var flow = new Flow(a, b, 90_000_000, () => link.Now, () => link.Now);
        link.OnStep = flow.Step;
        Assert.True(link.RunUntil(() => flow.IsDone, TimeSpan.FromMinutes(10)));
        Assert.True(a.Statistics.SentPackets > 65_536);
    }

    [Fact]
    public void A_reader_that_stops_stops_the_writer_and_later_gets_everything()
    {
        var link = new VirtualLink(7, new LinkOptions { Loss = 0.02 }, new UtpOptions { MaxReceiveBytes = 64 << 10 });
        (UtpConnection a, UtpConnection b) = link.Connect();
        var flow = new Flow(a, b, 2_000_000, () => link.Now, () => link.Now);
        link.OnStep = () => { if (flow.Written < 200_000) flow.Step(); };
        link.Run(TimeSpan.FromMinutes(5));
        Assert.Equal(UtpCloseReason.None, a.Closed);
        Assert.InRange(b.ReadableBytes, 1, 64 << 10);
        link.OnStep = flow.Step;
        Assert.True(link.RunUntil(() => flow.IsDone, TimeSpan.FromMinutes(5)), $"{flow.Received}");
    }

    [Fact]
    public void Half_closed_goes_on_the_other_way()
    {
        var link = new VirtualLink(9);
        (UtpConnection a, UtpConnection b) = link.Connect();
        a.Shutdown(link.Now);
        Assert.True(link.RunUntil(() => b.IsRemoteEnded, TimeSpan.FromSeconds(5)));
        Assert.Equal(0, a.Write("x"u8, link.Now));
        var back = new Flow(b, a, 500_000, () => link.Now, () => link.Now);
        link.OnStep = back.Step;
        Assert.True(link.RunUntil(() => back.IsDone, TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public void Closing_still_delivers_what_was_written()
    {
        var link = new VirtualLink(11, new LinkOptions { Loss = 0.05 });
        (UtpConnection a, UtpConnection b) = link.Connect();
        var flow = new Flow(a, b, 100_000, () => link.Now, () => link.Now, end: false);
        flow.Step();
        Assert.Equal(100_000, flow.Written);
        a.Close(link.Now);
        link.OnStep = flow.Step;
        Assert.True(link.RunUntil(() => flow.Received == 100_000 && b.IsRemoteEnded, TimeSpan.FromSeconds(20)));
        b.Close(link.Now);
        link.OnStep = null;
        link.Run(TimeSpan.FromSeconds(30));
        Assert.Equal(0, link.A.Router.ConnectionCount + link.B.Router.ConnectionCount);
    }

    [Fact]
    public void A_dead_remote_is_noticed_and_a_short_outage_survived()
    {
        var link = new VirtualLink(13, new LinkOptions { Rate = 500_000 });
        (UtpConnection a, UtpConnection b) = link.Connect();
        var flow = new Flow(a, b, 50_000_000, () => link.Now, () => link.Now);
        link.OnStep = flow.Step;
        link.Run(TimeSpan.FromSeconds(1));
        link.Tap = (_, _) => false;
        link.Run(TimeSpan.FromSeconds(8));
        Assert.Equal(UtpCloseReason.None, a.Closed);
        link.Tap = null;
        long before = flow.Received;
        link.Run(TimeSpan.FromSeconds(12));
        Assert.True(flow.Received > before);
        link.Tap = (_, _) => false;
        link.Run(TimeSpan.FromMinutes(2));
        Assert.Equal(UtpCloseReason.TimedOut, a.Closed);
    }

    [Fact]
    public void Nobody_there_is_told_soon()
    {
        var link = new VirtualLink(15) { Tap = (_, _) => false };
        UtpConnection a = link.A.Router.Connect(VirtualLink.AddressB, link.Now)!;
        Assert.True(link.RunUntil(() => a.Closed != UtpCloseReason.None, TimeSpan.FromSeconds(8)));
        Assert.Equal(UtpCloseReason.NoAnswer, a.Closed);
        Assert.Equal(3, link.A.SentDatagrams);
    }

    [Fact]
    public void Idle_connections_send_keep_alives_and_little_else()
    {
        var link = new VirtualLink(17);
        (UtpConnection a, UtpConnection b) = link.Connect();
        link.Run(TimeSpan.FromSeconds(1));
        long before = link.A.SentDatagrams;
        link.Run(TimeSpan.FromMinutes(5));
        Assert.InRange(link.A.SentDatagrams - before, 9, 11);
        Assert.True(a.IsConnected && b.IsConnected);
    }

    [Fact]
    public void Aborting_resets_the_remote()
    {
        var link = new VirtualLink(19);
        (UtpConnection a, UtpConnection b) = link.Connect();
        a.Abort(link.Now);
        Assert.True(link.RunUntil(() => b.Closed == UtpCloseReason.Reset, TimeSpan.FromSeconds(1)));
    }

    [Theory]
    [InlineData(1500)]
    [InlineData(1400)]
    [InlineData(1280)]
    public void The_largest_packet_is_found_and_probing_costs_no_speed(int mtu)
    {
        var link = new VirtualLink(21, new LinkOptions { Mtu = mtu });
        (UtpConnection a, UtpConnection b) = link.Connect();
        var flow = new Flow(a, b, 20_000_000, () => link.Now, () => link.Now);
        link.OnStep = flow.Step;
        Assert.True(link.RunUntil(() => flow.IsDone, TimeSpan.FromMinutes(1)));
        Assert.InRange(a.Statistics.DatagramBytes, mtu - 28 - 8, mtu - 28);
        // Nothing but probes was lost, and those are no congestion: the window doubled until the writer was the limit.
        Assert.True(a.Statistics.WindowBytes > 1_000_000, $"{a.Statistics}");
    }

    [Fact]
    public void Steady_transfer_allocates_nothing()
    {
        var link = new VirtualLink(23);
        (UtpConnection a, UtpConnection b) = link.Connect();
        byte[] block = new byte[16 << 10], datagram = new byte[2048];
        void Round()
        {
            a.Write(block, link.Now);
            for (int i = 0; i < 100; i++)
            {
                bool any = false;
                while (link.A.Router.TryTransmit(datagram, out UtpDatagram sent, link.Now))
                    any |= link.B.Router.Receive(datagram.AsSpan(0, sent.LengthBytes), VirtualLink.AddressA, link.Now);
                while (link.B.Router.TryTransmit(datagram, out UtpDatagram answer, link.Now))
                    any |= link.A.Router.Receive(datagram.AsSpan(0, answer.LengthBytes), VirtualLink.AddressB, link.Now);
                while (b.Read(block, link.Now) > 0)
                    any = true;
                while (link.A.Router.TryTakeEvent(out _) | link.B.Router.TryTakeEvent(out _))
                    any = true;
                if (!any)
                    return;
            }
        }
        for (int i = 0; i < 2000; i++)
            Round();
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
            Round();
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4096);
        Assert.True(b.Statistics.ReceivedBytes > 40_000_000);
    }
}
