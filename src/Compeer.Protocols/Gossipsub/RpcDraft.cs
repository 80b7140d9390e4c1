using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Compeer.Protocols.Gossipsub;

/// <summary>What will be said to a peer next. It is taken in RPCs that every router reads: none has more elements than ours allows others, or much more content than a message may have.</summary>
internal sealed class RpcDraft
{
    /// <summary>Content from which on a further message goes into the next RPC.</summary>
    private const int MaxContentBytes = 512 * 1024;

    private const int MaxMessages = 1000;

    /// <summary>Elements up to which a list counts as small.</summary>
    private const int FewElements = 64;

    public List<TopicSubscription> Subscriptions { get; } = [];

    public List<PubsubMessage> Publish { get; } = [];

    public List<IHave> IHave { get; } = [];

    public List<MessageId> IWant { get; } = [];

    public List<string> Graft { get; } = [];

    public List<Prune> Prune { get; } = [];

    public List<MessageId> IDontWant { get; } = [];

    /// <summary>All is said.</summary>
    public bool IsEmpty =>
        Publish.Count == 0 && IHave.Count == 0 && IWant.Count == 0 && IDontWant.Count == 0 && Graft.Count == 0 && Prune.Count == 0 && Subscriptions.Count == 0;

    /// <summary>None of its lists has ever had many elements, so it holds little memory and may wait to be used again.</summary>
    public bool IsSmall { get; private set; } = true;

    /// <summary>The next RPC; empty when all is said.</summary>
    public GossipsubRpc Take() => new()
    {
        Subscriptions = Take(Subscriptions, MaxMessages),
        Publish = Take(Publish, Math.Min(MaxMessages, CountWithin(Publish, MaxContentBytes, static m => m.Data.Length))),
        IHave = Take(IHave, CountWithin(IHave, GossipsubRpcCodec.MaxElements, static h => h.Ids.Length)),
        IWant = Take(IWant, GossipsubRpcCodec.MaxElements),
        Graft = Take(Graft, MaxMessages),
        Prune = Take(Prune, MaxMessages),
        IDontWant = Take(IDontWant, GossipsubRpcCodec.MaxElements),
    };

    /// <summary>How many of the first ones have no more than a sum together; at least one.</summary>
    private static int CountWithin<T>(List<T> items, int most, Func<T, int> size)
    {
        if (items.Count <= 1)
            return 1;
        int count = 0;
        for (long sum = 0; count < items.Count && (sum += size(items[count])) <= most;)
            count++;
        return Math.Max(1, count);
    }

    private ImmutableArray<T> Take<T>(List<T> items, int most)
    {
        if (items.Count == 0)
            return [];
        IsSmall &= items.Count <= FewElements;
        if (items.Count <= most)
        {
            T[] all = items.ToArray();
            items.Clear();
            return ImmutableCollectionsMarshal.AsImmutableArray(all);
        }
        ImmutableArray<T> taken = [.. CollectionsMarshal.AsSpan(items)[..most]];
        items.RemoveRange(0, taken.Length);
        return taken;
    }
}
