using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.Utp;

namespace Compeer.Tests.Utp;

/// <summary>Remotes that lie, flood and forge.</summary>
public sealed class HostileUtpTests
{
    private const int Rate = 300_000;

    private static readonly LinkOptions Bottleneck = new() { Delay = TimeSpan.FromMilliseconds(25), Rate = Rate, QueueBytes = 2 * Rate };

    [Theory]
    [InlineData("no delay")]
    [InlineData("random delays")]
    [InlineData("falling delays")]
    [InlineData("acks of what was never sent")]
    [InlineData("bits of what was never sent")]
    public void A_lying_receiver_gains_nothing(string lie)
    {
        (double honest, _) = Download(null);
        var random = new Random(3);
        uint falling = 3_000_000_000;
        (double lying, TimeSpan queue) = Download(packet =>
        {
            if (packet.Length < 20)
                return;
            switch (lie)
            {
                case "no delay":
                    Write32(packet, 8, 1_000_000_000);
                    break;
                case "random delays":
                    Write32(packet, 8, (uint)random.NextInt64(1L << 32));
                    break;
                case "falling delays":
                    Write32(packet, 8, falling -= 1000);
                    break;
                case "acks of what was never sent" when random.Next(2) == 0:
                    packet[18] ^= 0x20;
                    break;
                case "bits of what was never sent" when packet[1] == 1:
                    packet.AsSpan(22).Fill(0xFF);
                    break;
            }
        });
        Assert.True(lying <= 1.05 * honest, $"{lying:0} instead of {honest:0} B/s");
        // Not at the cost of everyone else's delay either.
        Assert.True(queue < TimeSpan.FromMilliseconds(260), $"{queue}");
    }

    [Fact]
    public void Acks_of_what_was_never_sent_do_not_move_the_window()
    {
        var link = new VirtualLink(5, Bottleneck);
        (UtpConnection a, _) = link.Connect();
        a.Write(new byte[100_000], link.Now);
        link.Settle();
        int window = a.Statistics.WindowBytes;
        byte[] forged = new byte[20];
        for (int ahead = 0; ahead < 40_000; ahead++)
        {
            UtpPacketCodec.Write(forged, new UtpHeader(UtpPacketType.State, a.ReceiveId, 1, 1, 1 << 20, 0, (ushort)ahead));
            link.A.Router.Receive(forged, VirtualLink.AddressB, link.Now);
        }
        Assert.True(a.Statistics.ImpossibleAcks > 10_000);
        Assert.InRange(a.Statistics.WindowBytes, 0, window + 100_000);
    }

    [Fact]
    public void A_flood_of_syns_leaves_nothing_behind_and_real_peers_still_come()
    {
        var link = new VirtualLink(7);
        var random = new Random(9);
        byte[] syn = new byte[20];
        byte[] sink = new byte[2048];
        long bytesIn = 0, bytesOut = 0;
        UtpConnection a = link.A.Router.Connect(VirtualLink.AddressB, link.Now)!;
        for (int i = 0; i < 50_000; i++)
        {
            UtpPacketCodec.Write(syn, new UtpHeader(UtpPacketType.Syn, (ushort)random.Next(65536), 1, 0, 1 << 20, (ushort)random.Next(65536), 0));
            link.B.Router.Receive(syn, new IPEndPoint(new IPAddress(random.NextInt64(1L << 32)), random.Next(1, 65536)), link.Now);
            bytesIn += 20;
            while (link.B.Router.TryTransmit(sink, out UtpDatagram answer, link.Now))
                bytesOut += answer.LengthBytes;
        }
        Assert.Equal(0, link.B.Router.ConnectionCount);
        Assert.Null(link.B.Router.NextDeadline);
        Assert.True(bytesOut <= bytesIn);
        Assert.True(link.RunUntil(() => a.IsConnected, TimeSpan.FromSeconds(10)));
        a.Write("hello"u8, link.Now);
        Assert.True(link.RunUntil(() => link.B.Accepted.Count == 1, TimeSpan.FromSeconds(10)));
    }

    [Fact]
    public void An_unproved_address_gets_less_than_it_sent_whatever_it_sends()
    {
        var link = new VirtualLink(11);
        var random = new Random(13);
        byte[] packet = new byte[200];
        byte[] sink = new byte[2048];
        long bytesIn = 0, bytesOut = 0;
        var victim = new IPEndPoint(IPAddress.Parse("198.51.100.7"), 4000);
        for (int i = 0; i < 60_000; i++)
        {
            int length = UtpPacketCodec.Write(packet, new UtpHeader((UtpPacketType)random.Next(5), (ushort)random.Next(4), 1, 0, 1 << 20, (ushort)random.Next(4), (ushort)random.Next(65536)));
            length += random.Next(2) == 0 ? 0 : 68;
            link.B.Router.Receive(packet.AsSpan(0, length), victim, link.Now);
            bytesIn += length;
            link.Run(TimeSpan.FromMilliseconds(0.1));
            while (link.B.Router.TryTransmit(sink, out UtpDatagram answer, link.Now))
                bytesOut += answer.LengthBytes;
            bytesOut += link.B.SentBytes;
            link.B.SentBytes = 0;
            while (link.B.Accepted.TryDequeue(out UtpConnection? guessed))
                guessed.Write(new byte[200], link.Now);
        }
        Assert.True(bytesOut < bytesIn, $"{bytesOut} out for {bytesIn} in");
        Assert.InRange(link.B.Router.ConnectionCount, 0, 64);
    }

    [Fact]
    public void Resets_are_limited_and_never_answer_resets()
    {
        var link = new VirtualLink(15);
        byte[] packet = new byte[20];
        for (int i = 0; i < 10_000; i++)
        {
            UtpPacketCodec.Write(packet, new UtpHeader(UtpPacketType.Fin, (ushort)i, 1, 0, 0, (ushort)i, 7));
            link.B.Router.Receive(packet, VirtualLink.AddressA, link.Now);
            UtpPacketCodec.Write(packet, new UtpHeader(UtpPacketType.Reset, (ushort)i, 1, 0, 0, (ushort)i, 7));
            link.B.Router.Receive(packet, VirtualLink.AddressA, link.Now);
        }
        link.Settle();
        Assert.InRange(link.B.SentDatagrams, 1, 50);
    }

    [Fact]
    public void A_reset_for_another_id_is_ignored()
    {
        var link = new VirtualLink(17);
        (UtpConnection a, _) = link.Connect();
        byte[] packet = new byte[20];
        for (int ack = 0; ack < 65536; ack += 4)
        {
            UtpPacketCodec.Write(packet, new UtpHeader(UtpPacketType.Reset, (ushort)(a.ReceiveId + 7), 1, 0, 0, 0, (ushort)ack));
            link.A.Router.Receive(packet, VirtualLink.AddressB, link.Now);
        }
        Assert.True(a.IsConnected);
    }

    [Fact]
    public void Incoming_connections_of_one_address_and_in_all_are_bounded()
    {
        var link = new VirtualLink(19, options: new UtpOptions { MaxIncomingPerAddress = 5, MaxConnections = 8 });
        for (int i = 0; i < 12; i++)
            link.A.Router.Connect(VirtualLink.AddressB, link.Now)?.Write("x"u8, link.Now);
        Assert.Equal(8, link.A.Router.ConnectionCount);
        link.Run(TimeSpan.FromSeconds(1));
        foreach (UtpConnection a in link.A.Router.Connections)
            a.Write("x"u8, link.Now);
        link.Run(TimeSpan.FromSeconds(1));
        Assert.Equal(5, link.B.Accepted.Count);
    }

    [Fact]
    public void Random_packets_into_a_connection_break_nothing()
    {
        var link = new VirtualLink(21);
        var random = new Random(23);
        (UtpConnection a, UtpConnection b) = link.Connect();
        byte[] sink = new byte[4096];
        for (int i = 0; i < 100_000; i++)
        {
            byte[] packet = new byte[20 + random.Next(120)];
            random.NextBytes(packet);
            packet[0] = (byte)((random.Next(3) << 4) | 1);
            if (random.Next(2) == 0)
                packet[1] = 0;
            packet[2] = (byte)(a.ReceiveId >> 8);
            packet[3] = (byte)a.ReceiveId;
            link.A.Router.Receive(packet, VirtualLink.AddressB, link.Now);
            if (i % 7 == 0)
                a.Write(sink.AsSpan(0, 100), link.Now);
            if (i % 50 == 0)
                link.Run(TimeSpan.FromMilliseconds(1));
            a.Read(sink, link.Now);
        }
        Assert.InRange(link.A.Router.ConnectionCount, 0, 1);
        _ = b;
    }

    private static (double BytesPerSecond, TimeSpan Queue) Download(Action<byte[]>? lie)
    {
        var link = new VirtualLink(1, Bottleneck);
        (UtpConnection a, UtpConnection b) = link.Connect();
        var flow = new Flow(a, b, long.MaxValue, () => link.Now, () => link.Now);
        link.OnStep = flow.Step;
        link.Tap = (side, packet) =>
        {
            if (side == link.B)
                lie?.Invoke(packet);
            return true;
        };
        link.Run(TimeSpan.FromSeconds(10));
        long before = flow.Received;
        int first = link.Queueing.Count;
        link.Run(TimeSpan.FromSeconds(30));
        TimeSpan[] delays = [.. link.Queueing.Skip(first).Select(q => q.Delay).Order()];
        return ((flow.Received - before) / 30.0, delays.Length == 0 ? TimeSpan.Zero : delays[delays.Length / 2]);
    }

    private static void Write32(byte[] packet, int at, uint value) =>
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(packet.AsSpan(at), value);
}
