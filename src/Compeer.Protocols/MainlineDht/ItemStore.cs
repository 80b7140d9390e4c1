using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

/// <summary>The items that others put here. When it is full the one farthest from our id makes room, if the new one is nearer.</summary>
/// <remarks>Spec: BEP 44.</remarks>
internal sealed class ItemStore(DhtOptions options)
{
    private readonly Dictionary<Key160, (DhtItem Item, Instant Expires)> _items = [];

    public int Count => _items.Count;

    public DhtItem? Find(Key160 target, Instant now) =>
        _items.TryGetValue(target, out (DhtItem Item, Instant Expires) stored) && stored.Expires > now ? stored.Item : null;

    public void Store(Key160 own, Key160 target, DhtItem item, Instant now)
    {
        if (!_items.ContainsKey(target) && _items.Count >= options.MaxItems && !TryEvictFor(own, target))
            return;
        _items[target] = (item, now + options.ItemLifetime);
    }

    public void Expire(Instant now)
    {
        foreach (Key160 key in _items.Where(i => i.Value.Expires <= now).Select(i => i.Key).ToArray())
            _items.Remove(key);
    }

    private bool TryEvictFor(Key160 own, Key160 target)
    {
        Key160 farthest = target;
        foreach (Key160 key in _items.Keys)
        {
            if (own.CompareDistance(key, farthest) > 0)
                farthest = key;
        }
        return _items.Remove(farthest);
    }
}
