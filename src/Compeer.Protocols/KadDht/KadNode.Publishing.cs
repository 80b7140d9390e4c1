using Compeer.Formats.Multiformats;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.KadDht;

// What we publish and provide is said again by us; what others published, by whoever holds it.
public sealed partial class KadNode
{
    private static readonly TimeSpan RepublishRetry = TimeSpan.FromMinutes(1);

    private readonly Dictionary<Multihash, Instant> _provided = [];
    private readonly Dictionary<Key256, (KadRecord Record, Instant Due)> _published = [];
    private readonly HashSet<long> _republishing = [];
    private Instant _nextRepublish = Instant.Never;
    private Instant _nextReplication;

    /// <summary>Keys under which we publish a value ourselves.</summary>
    public int PublishedCount => _published.Count;

    /// <summary>Multihashes that we provide.</summary>
    public int ProvidedCount => _provided.Count;

    private Instant NextRepublish => _republishing.Count >= _options.MaxRepublishing
        ? Instant.Never : Instant.Min(_nextRepublish, _nextReplication > _records.NextDue ? _nextReplication : _records.NextDue);

    /// <summary>Takes back what <see cref="KadOptions.Archive"/> kept; called once, before anything else. What became due meanwhile is said soon.</summary>
    /// <returns>Things that were taken, and those that were not: they are invalid, or too old.</returns>
    public (int Taken, int Refused) Restore(Instant now)
    {
        int taken = 0, refused = 0;
        if (_options.Archive is not { } archive)
            return (0, 0);
        foreach (KadKept kept in archive.Load())
        {
            if (TryRestore(kept, now))
                taken++;
            else
            {
                refused++;
                archive.Drop(kept.Name);
            }
        }
        return (taken, refused);
    }

    /// <summary>
    /// Gives a value to the peers nearest to its key, now and again until it ends, a better one comes here, or <see cref="StopPublishing"/>.
    /// </summary>
    /// <exception cref="ArgumentException">The value is not valid at that key, or worse than one that is known here.</exception>
    public long PutValue(ReadOnlyMemory<byte> key, ReadOnlyMemory<byte> value, Instant now)
    {
        if (!_options.Rules.IsValid(key.Span, value.Span, _options.Clock()))
            throw new ArgumentException("The value is not valid at that key: no validator knows the key's namespace, or the one that does refuses it.", nameof(value));
        if (_records.Find(key, now) is { } known && _options.Rules.Compare(key.Span, known.Value.Span, value.Span) > 0)
            throw new ArgumentException("A better value is known at that key; look it up and make one that follows it.", nameof(value));
        var record = new KadRecord(key, value);
        _records.TryPut(_own, record, now);
        NotePublished(record, now + _options.RepublishInterval);
        KeepPublished(record);
        return Spread(record, now);
    }

    /// <summary>Says a value of ours no more; its holders keep it until it runs out.</summary>
    public void StopPublishing(ReadOnlyMemory<byte> key)
    {
        Key256 place = Key256.HashOf(key.Span);
        if (_published.Remove(place))
            _options.Archive?.Drop(KadKept.Published.NameOf(place));
    }

    /// <summary>Tells the peers nearest to a multihash that we have what it names, now and again until <see cref="StopProviding"/>.</summary>
    public long Provide(Multihash content, Instant now)
    {
        NoteProvided(content, now + _options.RepublishInterval);
        KeepProvided(content);
        return Announce(content, now);
    }

    /// <summary>Says no more that we have something; what was said runs out.</summary>
    public void StopProviding(Multihash content)
    {
        if (_provided.Remove(content))
            _options.Archive?.Drop(KadKept.Provided.NameOf(content));
    }

    private static KadMessage PutMessage(KadRecord record) => new(KadMessageType.PutValue) { Key = record.Key, Record = record };

    private bool TryRestore(KadKept kept, Instant now)
    {
        switch (kept)
        {
            case KadKept.Value value:
                return _records.TryRestore(value, now);
            case KadKept.Provider provider:
                return _providers.TryRestore(provider, now);
            case KadKept.Published published when _options.Rules.IsValid(published.Key.Span, published.Content.Span, _options.Clock()):
                NotePublished(new KadRecord(published.Key, published.Content), Due(published.Due, now));
                return true;
            case KadKept.Provided provided:
                NoteProvided(provided.Content, Due(provided.Due, now));
                return true;
            default:
                return false;
        }
    }

    /// <summary>When a time of day comes, but within an interval: a clock that was set back must not silence us.</summary>
    private Instant Due(DateTimeOffset time, Instant now)
    {
        TimeSpan left = time - _options.Clock();
        return now + (left <= TimeSpan.Zero ? TimeSpan.Zero : left < _options.RepublishInterval ? left : _options.RepublishInterval);
    }

    private long Spread(KadRecord record, Instant now) =>
        Begin(new KadMessage(KadMessageType.FindNode) { Key = record.Key }, Key256.HashOf(record.Key.Span), KadPolicy.BucketSize, 1, now, store: PutMessage(record));

    private long Announce(Multihash content, Instant now)
    {
        byte[] key = content.Bytes.ToArray();
        var told = new KadMessage(KadMessageType.AddProvider) { Key = key, ProviderPeers = [new KadPeer(_own, _options.AddressesOf(_own), KadConnection.Connected)] };
        return Begin(new KadMessage(KadMessageType.FindNode) { Key = key }, Key256.HashOf(key), KadPolicy.BucketSize, 1, now, store: told);
    }

    /// <summary>Says again what is due, a few keys at a time.</summary>
    private void Republish(Instant now)
    {
        if (now < NextRepublish)
            return;
        if (_nextRepublish <= now)
        {
            foreach (Multihash content in _provided.Where(p => p.Value <= now).Select(p => p.Key).Take(Room).ToArray())
                RepublishProvided(content, now);
            foreach (KadRecord record in _published.Values.Where(p => p.Due <= now).Select(p => p.Record).Take(Room).ToArray())
                RepublishValue(record, now);
            _nextRepublish = NextDue();
        }
        if (Room > 0 && _nextReplication <= now && _records.NextDue <= now)
            Replicate(now);
    }

    private int Room => _options.MaxRepublishing - _republishing.Count;

    /// <summary>Whether a search is under way now, and did not end at once since nobody is known.</summary>
    private bool IsSaying(long search) => _searches.ContainsKey(search) && _republishing.Add(search);

    private void RepublishProvided(Multihash content, Instant now)
    {
        if (IsSaying(Announce(content, now)))
        {
            NoteProvided(content, now + _options.RepublishInterval);
            KeepProvided(content);
        }
        else
            NoteProvided(content, now + RepublishRetry);
    }

    private void RepublishValue(KadRecord record, Instant now)
    {
        bool isValid = _options.Rules.IsValid(record.Key.Span, record.Value.Span, _options.Clock());
        if (!isValid || (_records.Find(record.Key, now) is { } known && _options.Rules.Compare(record.Key.Span, known.Value.Span, record.Value.Span) > 0))
        {
            StopPublishing(record.Key);
            return;
        }
        if (IsSaying(Spread(record, now)))
        {
            _records.TryPut(_own, record, now);
            NotePublished(record, now + _options.RepublishInterval);
            KeepPublished(record);
        }
        else
            NotePublished(record, now + RepublishRetry);
    }

    /// <summary>Gives a value of another author to the peers that are nearest now, with the life that is left to it: only its author can lengthen that.</summary>
    private void Replicate(Instant now)
    {
        if (_table.Count == 0)
        {
            _nextReplication = now + RepublishRetry;
            return;
        }
        if (!_records.TryTakeDue(now, out KadRecord? record))
            return;
        _nextReplication = now + _options.ReplicationPause;
        IsSaying(Spread(record, now));
    }

    private Instant NextDue()
    {
        Instant next = Instant.Never;
        foreach (Instant due in _provided.Values)
            next = Instant.Min(next, due);
        foreach ((_, Instant due) in _published.Values)
            next = Instant.Min(next, due);
        return next;
    }

    private void NoteProvided(Multihash content, Instant due)
    {
        _provided[content] = due;
        _nextRepublish = Instant.Min(_nextRepublish, due);
    }

    private void NotePublished(KadRecord record, Instant due)
    {
        _published[Key256.HashOf(record.Key.Span)] = (record, due);
        _nextRepublish = Instant.Min(_nextRepublish, due);
    }

    private void KeepProvided(Multihash content) => _options.Archive?.Keep(new KadKept.Provided(content, _options.Clock() + _options.RepublishInterval));

    private void KeepPublished(KadRecord record) => _options.Archive?.Keep(new KadKept.Published(record.Key, record.Value, _options.Clock() + _options.RepublishInterval));
}
