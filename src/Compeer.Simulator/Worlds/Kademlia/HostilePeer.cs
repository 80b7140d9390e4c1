using Compeer.Protocols.Kademlia;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Worlds.Kademlia;

/// <summary>A node that names only its fellows, keeps nothing, and gives values that nobody signed.</summary>
/// <param name="key">Its key.</param>
/// <param name="fellows">All of the same attacker.</param>
/// <param name="makesUpKeys">Says that its fellows have keys beside the one asked for; else those nearest by their true keys.</param>
/// <param name="random">Draws whom it names.</param>
public sealed class HostilePeer(Key160 key, IReadOnlyList<(Key160 Key, int Node)> fellows, bool makesUpKeys, SeededRandom random) : KademliaPeer(key)
{
    protected override ulong SignatureAt(Key160 key) => (ulong)random.NextInt64() << 1;

    protected override (Key160 Key, int Node)[] Answer(Key160 key, int asking)
    {
        int count = Math.Min(PlainPolicy.BucketSize, fellows.Count);
        if (makesUpKeys)
            return [.. Enumerable.Range(0, count).Select(_ => (key.RandomInBucket(150, random), fellows[random.Next(fellows.Count)].Node))];
        var nearest = new PriorityQueue<(Key160 Key, int Node), ulong>();
        foreach ((Key160 Key, int Node) fellow in fellows)
        {
            // The farthest of those kept is first to go.
            ulong nearness = ~(fellow.Key.LeadingBits ^ key.LeadingBits);
            if (nearest.Count < count)
                nearest.Enqueue(fellow, nearness);
            else
                nearest.EnqueueDequeue(fellow, nearness);
        }
        return [.. nearest.UnorderedItems.Select(i => i.Element)];
    }
}
