using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>Every overlay among thirty processes over TCP, of which ten are killed: what the survivors have is found, owned and told as before.</summary>
public sealed class OverlayNodesTests
{
    private const int Nodes = 30, Dead = 10, Successors = 8, Copies = 3, Tries = 20;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly List<string> _figures = [];
    private List<OverlayNode> _contributed = [];

    [ForeignFact(Needs.None)]
    public async Task Thirty_processes_form_each_overlay_and_twenty_of_them_mend_it()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost host = await network.AddHostAsync();
        OverlayNode first = OverlayNode.Start(host, null);
        await first.ReadyAsync();
        List<OverlayNode> nodes = [first, .. Enumerable.Range(1, Nodes - 1).Select(_ => OverlayNode.Start(host, first))];
        await Task.WhenAll(nodes.Skip(1).Select(n => n.ReadyAsync()));
        await Task.WhenAll(nodes.Skip(1).SelectMany(n => (string[])["chord", "scribe", "plumtree"], (n, overlay) => n.UntilAsync("joined", e => e.Text("overlay") == overlay)));
        nodes.ForEach(n => n.Do("subscribe", ("group", "everybody")));
        for (int i = 0; i < nodes.Count; i++)
            nodes[i].Contribute("everybody", 1 << i);
        _contributed = nodes;
        await AssertAllWorkAsync(nodes, "before");
        await AssertSetsAreComparedAsync(nodes);

        var random = new Random(7);
        // The first among them: nobody may depend on whom he joined through.
        OverlayNode[] others = [.. nodes.Skip(1)];
        random.Shuffle(others);
        List<OverlayNode> dead = [first, .. others.Take(Dead - 1)], alive = [.. others.Skip(Dead - 1)];
        await Task.WhenAll(dead.Select(n => n.KillAsync()));
        await AssertBroadcastsAsync(alive, "at once");
        await AssertFoundAsync(alive, "at once");
        await AssertAllWorkAsync(alive, "after");

        string artifacts = Directory.CreateDirectory(Path.Combine(LabFiles.Repository, "artifacts")).FullName;
        await File.WriteAllLinesAsync(Path.Combine(artifacts, "overlay-nodes.txt"), _figures);
    }

    private async Task AssertAllWorkAsync(List<OverlayNode> nodes, string when)
    {
        await UntilRingIsExactAsync(nodes);
        await AssertOwnersAsync(nodes, when);
        await AssertBroadcastsAsync(nodes, when);
        await AssertNewsAsync(nodes, when);
        await AssertTotalAsync(nodes, when);
        await AssertFoundAsync(nodes, when);
        await AssertRumourAsync(nodes, when);
    }

    /// <summary>Each node knows the node before it and those after it, as the keys of all say.</summary>
    private static async Task UntilRingIsExactAsync(List<OverlayNode> nodes)
    {
        OverlayNode[] ring = Ring(nodes);
        DateTime until = DateTime.UtcNow + Limit;
        for (int i = 0; i < ring.Length; i++)
        {
            string[] following = [.. Enumerable.Range(1, Math.Min(Successors, ring.Length - 1)).Select(next => ring[(i + next) % ring.Length].Peer)];
            JsonEvent state = await ring[i].StateAsync();
            while (!OverlayNode.Texts(state, "successors").SequenceEqual(following) || state.Text("predecessor") != ring[(i + ring.Length - 1) % ring.Length].Peer)
            {
                Assert.True(DateTime.UtcNow < until, $"The ring is not exact at {ring[i]}: {state.Values}");
                await Task.Delay(200);
                state = await ring[i].StateAsync();
            }
        }
    }

    private async Task AssertOwnersAsync(List<OverlayNode> nodes, string when)
    {
        OverlayNode[] ring = Ring(nodes);
        JsonEvent[] found = await Task.WhenAll(Enumerable.Range(0, Tries).Select(i => nodes[i % nodes.Count].OwnersAsync($"{when} {i}")));
        foreach (JsonEvent owners in found)
        {
            string key = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(owners.Text("name"))))[..32];
            Assert.Equal(key, owners.Text("key"));
            int at = Math.Max(0, Array.FindIndex(ring, n => string.CompareOrdinal(n.Key, key) >= 0));
            Assert.Equal(Enumerable.Range(0, Copies).Select(i => ring[(at + i) % ring.Length].Peer), OverlayNode.Texts(owners, "owners"));
        }
        Note(when, "owners", "hops", found.Average(f => f.Number("hops")), "timeouts", found.Average(f => f.Number("timeouts")));
    }

    private async Task AssertBroadcastsAsync(List<OverlayNode> nodes, string when)
    {
        var steps = new List<double>();
        for (int i = 0; i < 3; i++)
        {
            (OverlayNode sender, string text) = (nodes[i * 5], $"broadcast {when} {i}");
            sender.Do("broadcast", ("text", text));
            foreach (OverlayNode node in nodes.Where(n => n != sender))
                steps.Add((await node.UntilAsync("broadcast", e => e.Text("text") == text)).Number("steps"));
            Assert.All(nodes.Where(n => n != sender), n => Assert.Equal(1, n.Count("broadcast", text)));
        }
        Note(when, "broadcasts", "reached", 100, "steps", steps.Average());
    }

    /// <summary>News that come while a tree is mended may be missed; soon some reach all.</summary>
    private async Task AssertNewsAsync(List<OverlayNode> nodes, string when)
    {
        for (int i = 0; i < 15; i++)
        {
            string text = $"news {when} {i}";
            nodes[i % nodes.Count].Do("publish", ("group", "everybody"), ("text", text));
            bool[] heard = await Task.WhenAll(nodes.Select(n => n.HearsAsync("news", text, 4)));
            Assert.All(nodes, n => Assert.InRange(n.Count("news", text), 0, 1));
            if (heard.All(h => h))
            {
                Note(when, "news", "reached", 100, "published", i + 1);
                return;
            }
        }
        Assert.Fail("No news has reached all members.");
    }

    /// <summary>Each contributed a power of two, so the sum tells who was counted, and how often.</summary>
    private async Task AssertTotalAsync(List<OverlayNode> nodes, string when)
    {
        double wanted = nodes.Sum(n => (double)(1 << _contributed.IndexOf(n)));
        DateTime begun = DateTime.UtcNow;
        foreach (OverlayNode node in nodes)
        {
            for (JsonEvent total = await node.TotalAsync("everybody"); !IsWhole(total); total = await node.TotalAsync("everybody"))
            {
                Assert.True(DateTime.UtcNow < begun + Limit, $"Of {nodes.Count} nodes that come to {wanted} {node} knows of {total.Values}");
                await Task.Delay(200);
            }
        }
        Note(when, "total", "counted", nodes.Count, "seconds", (DateTime.UtcNow - begun).TotalSeconds);
        bool IsWhole(JsonEvent total) => total.Values.GetProperty("count").ValueKind == JsonValueKind.Number && total.Number("count") == nodes.Count && total.Number("sum") == wanted;
    }

    private async Task AssertFoundAsync(List<OverlayNode> nodes, string when)
    {
        foreach (string by in (string[])["flood", "ring", "walk"])
        {
            string Item(int i) => $"{when} {by} {i}";
            for (int i = 0; i < Tries; i++)
                nodes[i % nodes.Count].Do("share", ("item", Item(i)));
            double before = await QuestionsAsync(nodes);
            JsonEvent[] hits = await Task.WhenAll(Enumerable.Range(0, Tries).Select(i => nodes[(i + 7) % nodes.Count].SearchAsync(Item(i), by)));
            for (int i = 0; i < Tries; i++)
                Assert.Equal(nodes[i % nodes.Count].Peer, hits[i].Text("holder"));
            Note(when, $"search by {by}", "questions", (await QuestionsAsync(nodes) - before) / Tries, "hops", hits.Average(h => h.Number("hops")));
        }
    }

    private async Task AssertRumourAsync(List<OverlayNode> nodes, string when)
    {
        string text = $"rumour {when}";
        nodes[0].Do("rumour", ("text", text));
        int knowing = 0;
        for (DateTime until = DateTime.UtcNow + Limit; knowing < nodes.Count * 9 / 10;)
        {
            Assert.True(DateTime.UtcNow < until, $"Of {nodes.Count} nodes {knowing} know the rumour.");
            await Task.Delay(200);
            JsonEvent[] answers = await Task.WhenAll(nodes.Select(n => n.AskAsync("knows", text)));
            knowing = answers.Count(a => a.Flag("knows"));
        }
        // Who knows it has its words, and prints them once; the first one told them.
        for (int i = 1; i < nodes.Count; i++)
        {
            if ((await nodes[i].AskAsync("knows", text)).Flag("knows"))
                Assert.Equal(1, (await nodes[i].UntilAsync("rumour", e => e.Text("text") == text)) is null ? 0 : nodes[i].Count("rumour", text));
        }
        Note(when, "rumour", "know", knowing, "of", nodes.Count);
    }

    private static async Task AssertSetsAreComparedAsync(List<OverlayNode> nodes)
    {
        for (int i = 0; i < 100; i++)
        {
            if (i != 3)
                nodes[0].Do("put", ("text", $"item {i}"));
            if (i != 60)
                nodes[1].Do("put", ("text", $"item {i}"));
        }
        await Task.WhenAll(nodes.Take(2).Select(n => n.StateAsync()));
        nodes[0].Do("reconcile", ("peer", nodes[1].Peer));
        JsonEvent found = await nodes[0].UntilAsync("reconciled", _ => true);
        Assert.Equal([HashOf("item 60")], OverlayNode.Texts(found, "had"));
        Assert.Equal([HashOf("item 3")], OverlayNode.Texts(found, "needed"));
    }

    private static async Task<double> QuestionsAsync(List<OverlayNode> nodes) =>
        (await Task.WhenAll(nodes.Select(n => n.StateAsync()))).Sum(s => s.Number("questions"));

    private static OverlayNode[] Ring(IEnumerable<OverlayNode> nodes) => [.. nodes.OrderBy(n => n.Key, StringComparer.Ordinal)];

    private static string HashOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private void Note(string when, string what, string first, double a, string second, double b) =>
        _figures.Add(string.Create(CultureInfo.InvariantCulture, $"{when,-8} {what,-16} {first} {a:0.00} {second} {b:0.00}"));
}
