using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Compeer.Network.Transports;

namespace Compeer.Tests.Transports;

/// <summary>Batches and single calls behave alike, whichever is at which end.</summary>
public sealed class DatagramSocketTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private static readonly DatagramSocketOptions Batches = new();
    private static readonly DatagramSocketOptions Singly = new() { UseBatchCalls = false };

    public static TheoryData<bool, bool> Ends => new() { { true, true }, { true, false }, { false, true }, { false, false } };

    [Theory]
    [InlineData(true, true, "127.0.0.1", "127.0.0.1")]
    [InlineData(true, false, "127.0.0.1", "127.0.0.1")]
    [InlineData(false, true, "127.0.0.1", "127.0.0.1")]
    [InlineData(false, false, "127.0.0.1", "127.0.0.1")]
    [InlineData(true, true, "::1", "::1")]
    [InlineData(false, false, "::1", "::1")]
    [InlineData(true, true, "::", "127.0.0.1")]
    [InlineData(false, false, "::", "127.0.0.1")]
    public void Trains_are_cut_where_their_datagrams_end(bool sendsBatches, bool receivesBatches, string bind, string reach)
    {
        // Trains of one length, with a short end, and of one; empty ones; a longer one after a shorter; the longest; many.
        int[] lengths = [1000, 1000, 1000, 300, 1452, 1452, 1, 0, 0, 700, 701, 65_507, 20_000, 20_000, .. Enumerable.Repeat(800, 70), 9];
        using DatagramSocket there = Bind(reach, sendsBatches ? Batches : Singly);
        using DatagramSocket here = Bind(bind, receivesBatches ? Batches : Singly);
        var batch = new DatagramBatch(lengths.Length, lengths.Sum());
        byte[][] sent = [.. lengths.Select((length, i) => Numbered(length, i))];
        foreach (byte[] datagram in sent)
            Add(batch, datagram, new IPEndPoint(IPAddress.Parse(reach), here.LocalEndPoint.Port));
        Assert.Equal(lengths.Length, there.Send(batch));

        List<(byte[] Data, byte[] From)> received = Receive(here, lengths.Length);
        Assert.Equal(sent, received.Select(r => r.Data));
        byte[] from = Assert.Single(received.Select(r => r.From).DistinctBy(Convert.ToHexString));
        var sender = new SocketAddress(here.LocalEndPoint.AddressFamily, from.Length);
        from.CopyTo(sender.Buffer);
        Assert.Equal(there.LocalEndPoint.Port, ((IPEndPoint)here.LocalEndPoint.Create(sender)).Port);
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void Datagrams_to_several_receivers_in_one_batch_reach_each_his_own(bool sendsBatches, bool receivesBatches)
    {
        using DatagramSocket sender = Bind("127.0.0.1", sendsBatches ? Batches : Singly);
        DatagramSocket[] receivers = [.. Enumerable.Range(0, 3).Select(_ => Bind("127.0.0.1", receivesBatches ? Batches : Singly))];
        var batch = new DatagramBatch(90, 90 * 500);
        for (int i = 0; i < 90; i++)
            Add(batch, Numbered(500, i), receivers[i / 7 % 3].LocalEndPoint, dontFragment: i == 40);
        Assert.Equal(90, sender.Send(batch));
        for (int receiver = 0; receiver < 3; receiver++)
        {
            byte[][] expected = [.. Enumerable.Range(0, 90).Where(i => i / 7 % 3 == receiver).Select(i => Numbered(500, i))];
            Assert.Equal(expected, Receive(receivers[receiver], expected.Length).Select(r => r.Data));
            receivers[receiver].Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(Ends))]
    public void What_is_too_long_for_a_slot_is_dropped(bool sendsBatches, bool receivesBatches)
    {
        using DatagramSocket there = Bind("127.0.0.1", sendsBatches ? Batches : Singly);
        using DatagramSocket here = Bind("127.0.0.1", new DatagramSocketOptions { SlotBytes = 1500, Slots = 2, UseBatchCalls = receivesBatches });
        byte[][] sent = [Numbered(1500, 1), Numbered(1501, 2), Numbered(40_000, 3), Numbered(10, 4)];
        var batch = new DatagramBatch(4, 50_000);
        foreach (byte[] datagram in sent)
            Add(batch, datagram, here.LocalEndPoint);
        Assert.Equal(4, there.Send(batch));
        Assert.Equal([sent[0], sent[3]], Receive(here, 2).Select(r => r.Data));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_the_system_refuses_is_lost_alone(bool sendsBatches)
    {
        using DatagramSocket there = Bind("127.0.0.1", sendsBatches ? Batches : Singly);
        using DatagramSocket here = Bind("127.0.0.1", Batches);
        var nowhere = new IPEndPoint(IPAddress.Parse("127.0.0.1"), 0);
        var unroutable = new IPEndPoint(IPAddress.Parse("203.0.113.1"), 9);
        var batch = new DatagramBatch(20, 200_000);
        Add(batch, Numbered(100, 1), here.LocalEndPoint);
        Add(batch, Numbered(100, 2), nowhere);
        for (int i = 0; i < 4; i++)
            Add(batch, Numbered(100, i), unroutable);
        Add(batch, Numbered(65_508, 3), here.LocalEndPoint);
        Add(batch, Numbered(100, 4), here.LocalEndPoint);
        Add(batch, Numbered(90, 5), here.LocalEndPoint);
        Assert.Equal(3, there.Send(batch));
        Assert.Equal([Numbered(100, 1), Numbered(100, 4), Numbered(90, 5)], Receive(here, 3).Select(r => r.Data));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Who_waits_gets_the_first_and_those_behind_it(bool batches)
    {
        using var limit = new CancellationTokenSource(Patience);
        using DatagramSocket here = Bind("127.0.0.1", batches ? Batches : Singly);
        for (int round = 0; round < 3; round++)
        {
            Task waiting = here.ReceiveAsync(limit.Token).AsTask();
            var batch = new DatagramBatch(40, 40 * 100);
            for (int i = 0; i < 40; i++)
                Add(batch, Numbered(100, i), here.LocalEndPoint);
            Assert.Equal(40, here.Send(batch));
            for (int received = 0; received < 40;)
            {
                await waiting;
                for (; here.TryTake(out ReadOnlySpan<byte> datagram, out _); received++)
                    Assert.Equal(Numbered(100, received), datagram);
                waiting = received < 40 ? here.ReceiveAsync(limit.Token).AsTask() : Task.CompletedTask;
            }
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_closed_port_elsewhere_does_not_disturb_and_an_end_ends(bool batches)
    {
        DatagramSocket here = Bind("127.0.0.1", batches ? Batches : Singly);
        DatagramSocket gone = Bind("127.0.0.1", Singly);
        IPEndPoint closed = gone.LocalEndPoint;
        gone.Dispose();
        var batch = new DatagramBatch(8, 8000);
        for (int i = 0; i < 4; i++)
            Add(batch, Numbered(200, i), closed);
        here.Send(batch);
        batch.Clear();
        Add(batch, Numbered(200, 7), here.LocalEndPoint);
        Assert.Equal(1, here.Send(batch));
        Assert.Equal(Numbered(200, 7), Assert.Single(Receive(here, 1)).Data);

        using (var cancelled = new CancellationTokenSource(50))
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await here.ReceiveAsync(cancelled.Token));
        Task waiting = here.ReceiveAsync(CancellationToken.None).AsTask();
        here.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting.WaitAsync(Patience));
        Assert.Equal(0, here.Send(batch));
        Assert.Throws<ObjectDisposedException>(() => here.TryReceive());
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_datagram_costs_no_allocation(bool batches)
    {
        using DatagramSocket here = Bind("127.0.0.1", batches ? Batches : Singly);
        var batch = new DatagramBatch(50, 50 * 1000);
        for (int i = 0; i < 50; i++)
            Add(batch, Numbered(1000, i), here.LocalEndPoint);
        int Exchange()
        {
            int received = 0;
            for (int i = 0; i < 20; i++)
            {
                int awaited = received + here.Send(batch);
                long begin = Stopwatch.GetTimestamp();
                while (received < awaited && Stopwatch.GetElapsedTime(begin) < Patience)
                {
                    here.TryReceive();
                    while (here.TryTake(out _, out _))
                        received++;
                }
            }
            return received;
        }
        Exchange();
        long before = GC.GetAllocatedBytesForCurrentThread();
        int exchanged = Exchange();
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.Equal(1000, exchanged);
        Assert.Equal(0, allocated);
    }

    [Fact]
    public void A_port_in_use_is_refused()
    {
        using DatagramSocket here = Bind("127.0.0.1", Batches);
        Assert.Throws<SocketException>(() => DatagramSocket.Bind(here.LocalEndPoint, Batches));
    }

    private static DatagramSocket Bind(string address, DatagramSocketOptions options) =>
        DatagramSocket.Bind(new IPEndPoint(IPAddress.Parse(address), 0), options);

    private static void Add(DatagramBatch batch, byte[] datagram, IPEndPoint to, bool dontFragment = false)
    {
        SocketAddress address = to.Serialize();
        datagram.CopyTo(batch.Room);
        batch.Add(datagram.Length, address.Buffer.Span[..address.Size], dontFragment);
    }

    private static byte[] Numbered(int length, int number)
    {
        byte[] datagram = new byte[length];
        new Random(number).NextBytes(datagram);
        return datagram;
    }

    private static List<(byte[] Data, byte[] From)> Receive(DatagramSocket socket, int count)
    {
        var received = new List<(byte[], byte[])>();
        long begin = Stopwatch.GetTimestamp();
        while (received.Count < count && Stopwatch.GetElapsedTime(begin) < Patience)
        {
            socket.TryReceive();
            while (socket.TryTake(out ReadOnlySpan<byte> datagram, out ReadOnlySpan<byte> from))
                received.Add((datagram.ToArray(), from.ToArray()));
        }
        return received;
    }
}
