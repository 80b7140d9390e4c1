using System.Net;
using Compeer.Protocols.Trackers;

namespace Compeer.Tests.Trackers;

/// <summary>What a full table of the tracker holds; nothing else may run meanwhile.</summary>
[Collection(nameof(MeasuredAlone))]
public sealed class SwarmTableMemoryTests
{
    [Fact]
    public void Memory_stays_within_what_the_options_say()
    {
        long before = GC.GetTotalMemory(forceFullCollection: true);
        SwarmTable table = new(new SwarmTableOptions { MaxPeers = 70_000, MaxSwarms = 20_000 }, new Random(1));
        var sample = new PeerSample();
        for (int i = 0; i < 100_000; i++)
        {
            var address = new IPAddress([10, (byte)(i >> 16), (byte)(i >> 8), (byte)i]);
            table.Announce(new SwarmAnnounce(TrackerSamples.Hash(i % 30_000), address, 1 + (i & 0xfff), false, AnnounceEvent.None, 0), TrackerSamples.At(0), sample, out _);
        }
        long used = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.Equal(20_000, table.SwarmCount);
        Assert.True(used < (table.PeerCount * 300L) + (table.SwarmCount * 500L), $"{used / 1000} kB for {table.PeerCount} peers in {table.SwarmCount} swarms");
        GC.KeepAlive(table);
    }
}
