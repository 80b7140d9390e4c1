using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.KadDht;

/// <summary>Values that others asked us to keep, and our own. Bounds in <see cref="KadOptions"/>. Single-threaded.</summary>
internal sealed class RecordStore(Key256 own, KadOptions options)
{
    private readonly SortedDictionary<Key256, Entry> _entries = new(new FarthestFirst(own));

    public int Count => _entries.Count;

    /// <summary>The value at a key; null when there is none, or it is valid no more.</summary>
    public KadRecord? Find(ReadOnlyMemory<byte> key, Instant now)
    {
        Key256 place = Key256.HashOf(key.Span);
        if (_entries.GetValueOrDefault(place) is not { } entry)
            return null;
        if (now < entry.Until && options.Rules.IsValid(key.Span, entry.Record.Value.Span, options.Clock()))
            return entry.Record;
        _entries.Remove(place);
        return null;
    }

    /// <summary>Keeps a value; false when it is not valid, worse than what is here, or farther than all that fill the store.</summary>
    public bool TryPut(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, Instant now)
    {
        DateTimeOffset time = options.Clock();
        if (!options.Rules.IsValid(key.Span, value.Span, time))
            return false;
        if (Find(key, now) is { } known && options.Rules.Compare(key.Span, known.Value.Span, value.Span) > 0)
            return false;
        _entries[Key256.HashOf(key.Span)] = new Entry(new KadRecord(key, value, time.UtcDateTime.ToString("o")), now + options.RecordLifetime);
        if (_entries.Count <= options.MaxRecords)
            return true;
        Key256 farthest = _entries.First().Key;
        _entries.Remove(farthest);
        return farthest != Key256.HashOf(key.Span);
    }

    /// <summary>Drops what is too old.</summary>
    public void Expire(Instant now)
    {
        foreach (Key256 key in _entries.Where(e => e.Value.Until <= now).Select(e => e.Key).ToArray())
            _entries.Remove(key);
    }

    private sealed record Entry(KadRecord Record, Instant Until);
}
