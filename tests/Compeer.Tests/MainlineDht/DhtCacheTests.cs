using System.Collections.Concurrent;
using System.Net;
using Compeer.Network;
using Compeer.Network.MainlineDht;
using Compeer.Network.Transports;
using Compeer.Tests.Sessions;

namespace Compeer.Tests.MainlineDht;

/// <summary>The file of nodes after a power cut: whole, or not used.</summary>
public sealed class DhtCacheTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_was_saved_is_joined_by_without_an_entry_and_without_a_word()
    {
        using var folder = new TestFolder();
        await using var node = new SlowDhtNode();
        await SaveAsync(folder["dht.nodes"], node);
        // What a power cut left of a save that was not finished.
        await File.WriteAllTextAsync(folder["dht.nodes.new"], "d3:id4");

        Assert.Empty(await JoinAsync(folder["dht.nodes"]));
        Assert.Empty(Directory.GetFiles(folder[""], "*.new"));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(30)]
    public async Task A_file_that_was_cut_off_is_told_and_replaced(int length)
    {
        using var folder = new TestFolder();
        await using var node = new SlowDhtNode();
        string path = folder["dht.nodes"];
        await SaveAsync(path, node);
        byte[] whole = await File.ReadAllBytesAsync(path);
        Assert.True(whole.Length > length);
        await File.WriteAllBytesAsync(path, whole[..length]);

        Assert.Contains("is damaged", Assert.Single(await JoinAsync(path, node)), StringComparison.Ordinal);
        Assert.Empty(await JoinAsync(path));
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("i5e")]
    [InlineData("le")]
    public async Task Garbage_is_told_and_replaced(string garbage)
    {
        using var folder = new TestFolder();
        await using var node = new SlowDhtNode();
        string path = folder["dht.nodes"];
        await File.WriteAllTextAsync(path, garbage);

        Assert.Contains("is damaged", Assert.Single(await JoinAsync(path, node)), StringComparison.Ordinal);
        Assert.Empty(await JoinAsync(path));
    }

    private static async Task SaveAsync(string path, SlowDhtNode node) => Assert.Empty(await JoinAsync(path, node));

    /// <summary>Takes part until a node has answered, and ends, which saves the file; gives what was told.</summary>
    private static async Task<string[]> JoinAsync(string path, SlowDhtNode? entry = null)
    {
        var notes = new ConcurrentQueue<string>();
        await using UdpEndpoint udp = UdpEndpoint.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        using var timers = new SharedTimers();
        await using (DhtService dht = DhtService.Start(udp, new DhtServiceOptions { CachePath = path, Entries = entry is null ? [] : [new DnsEndPoint("127.0.0.1", entry.Port)], Note = notes.Enqueue }, timers))
        {
            udp.Add(dht);
            udp.Start();
            await dht.Ready.WaitAsync(Patience);
        }
        return [.. notes];
    }
}
