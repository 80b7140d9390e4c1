using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.Connecting;
using static Compeer.Tests.Connecting.BookKit;

namespace Compeer.Tests.Connecting;

public sealed class PeerBookModelTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Whatever_happens_the_counts_add_up(int seed)
    {
        var options = new PeerBookOptions { MaxPeers = 60, MaxDialling = 10 };
        var kit = new BookKit(options, seed);
        var random = new Random(seed);
        var dialling = new HashSet<IPEndPoint>();
        var connected = new HashSet<IPEndPoint>();
        PeerSource[] sources = [.. Enum.GetValues<PeerSource>().Skip(1)];
        IPEndPoint Any() => new(new IPAddress([(byte)(random.Next(3) == 0 ? 10 : 30), 0, (byte)random.Next(4), (byte)random.Next(1, 20)]), random.Next(1, 8));
        IPEndPoint Of(HashSet<IPEndPoint> set) => set.Count == 0 ? Any() : set.ElementAt(random.Next(set.Count));
        for (int step = 0; step < 20_000; step++)
        {
            Instant now = At(step * 0.5);
            switch (random.Next(10))
            {
                case 0 or 1 or 2:
                    kit.Book.Add(Any(), sources[random.Next(sources.Length)], now, random.Next(2) == 0 ? null : new IPAddress([10, 0, 0, (byte)random.Next(5)]), random.Next(4) == 0);
                    break;
                case 3 or 4 when kit.Book.TryNext(now, out IPEndPoint next):
                    Assert.True(dialling.Add(next), $"{next} is dialled twice");
                    Assert.DoesNotContain(next, connected);
                    break;
                case 5:
                    IPEndPoint failed = Of(dialling);
                    kit.Book.OnFailed(failed, NoAnswer, now);
                    dialling.Remove(failed);
                    break;
                case 6:
                    IPEndPoint up = Of(dialling);
                    bool dialled = dialling.Remove(up);
                    if (kit.Book.SourceOf(up) != 0)
                        connected.Add(up);
                    kit.Book.OnConnected(up, dialled, now);
                    break;
                case 7:
                    IPEndPoint down = Of(connected);
                    kit.Book.SetSeed(down, random.Next(3) == 0);
                    kit.Book.OnClosed(down, random.Next(2) == 0, "it closed the connection", now);
                    connected.Remove(down);
                    break;
                case 8 when random.Next(50) == 0:
                    IPAddress banned = Any().Address;
                    kit.Book.Ban(banned, now);
                    dialling.RemoveWhere(p => p.Address.Equals(banned));
                    connected.RemoveWhere(p => p.Address.Equals(banned));
                    break;
                case 9:
                    kit.Book.OnlyGive = random.Next(2) == 0;
                    break;
            }
            PeerBookSummary summary = kit.Book.Explain(now);
            Assert.Equal(summary.Known, summary.Connected + summary.Dialling + summary.Ready + summary.Resting + summary.Waiting.Values.Sum());
            Assert.Equal((dialling.Count, connected.Count), (summary.Dialling, summary.Connected));
            Assert.True(summary.Known <= options.MaxPeers + connected.Count);
        }
    }

    [Fact]
    public void The_same_happens_again_from_the_same_seed()
    {
        static string Run()
        {
            var kit = new BookKit(seed: 9);
            for (int i = 0; i < 200; i++)
                kit.Book.Add(Far(i), PeerSource.Dht, At(0));
            return string.Join(' ', kit.DialInVain(0, 600)) + kit.Book.Explain(At(600));
        }
        Assert.Equal(Run(), Run());
    }

    [Fact]
    public void A_dial_among_three_thousand_does_not_look_at_them_all()
    {
        var kit = new BookKit();
        for (int i = 0; i < 3000; i++)
            kit.Book.Add(Far(i), PeerSource.Tracker, At(0));
        Assert.Equal(3000, kit.Book.Count);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 2000; i++)
        {
            Assert.True(kit.Book.TryNext(At(0), out IPEndPoint endpoint));
            kit.Book.OnFailed(endpoint, NoAnswer, At(0));
        }
        long each = (GC.GetAllocatedBytesForCurrentThread() - before) / 2000;
        Assert.True(each < 2000, $"{each} bytes allocated a dial");
    }
}
