using System.Diagnostics.CodeAnalysis;
using Compeer.Formats.Multiformats;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.KadDht;

/// <summary>
/// Values that others asked us to keep, and our own; which of them is to be given to the nearest peers again, and when. Bounds in
/// <see cref="KadOptions"/>: of too many values the farthest gives way, of too many of one peer the farthest of that peer. Single-threaded.
/// </summary>
internal sealed class RecordStore(PeerId self, KadOptions options, Random random)
{
    /// <summary>What a repetition must add to the life of a value before the archive is told: who says the same again and again does not wear out a disk.</summary>
    private static readonly TimeSpan ArchiveStep = TimeSpan.FromHours(1);

    private readonly SortedDictionary<Key256, Entry> _entries = new(new FarthestFirst(KadContact.KeyOf(self)));
    private readonly Dictionary<PeerId, int> _ofPeer = [];

    public int Count => _entries.Count;

    /// <summary>When the next value is due to be given to others; not before, perhaps later.</summary>
    public Instant NextDue { get; private set; } = Instant.Never;

    /// <summary>The value at a key; null when there is none, or it is valid no more.</summary>
    public KadRecord? Find(ReadOnlyMemory<byte> key, Instant now)
    {
        Key256 place = Key256.HashOf(key.Span);
        if (_entries.GetValueOrDefault(place) is not { } entry)
            return null;
        if (IsFresh(entry, now))
            return entry.Record;
        Remove(place);
        return null;
    }

    /// <summary>Keeps a value; false when it is not valid, worse than what is here, or gives way at once.</summary>
    /// <param name="from">Who gives it.</param>
    /// <param name="record">The value, and how long its giver wants it to live.</param>
    /// <param name="now">The time.</param>
    public bool TryPut(PeerId from, KadRecord record, Instant now)
    {
        DateTimeOffset time = options.Clock();
        if (!options.Rules.IsValid(record.Key.Span, record.Value.Span, time))
            return false;
        KadRecord? known = Find(record.Key, now);
        if (known is not null && options.Rules.Compare(record.Key.Span, known.Value.Span, record.Value.Span) > 0)
            return false;
        Key256 place = Key256.HashOf(record.Key.Span);
        Instant until = now + Lifetime(record, time);
        Entry? old = _entries.GetValueOrDefault(place);
        bool isSame = known is not null && known.Value.Span.SequenceEqual(record.Value.Span);
        // Who says the same again with less life in it does not shorten it.
        if (isSame && old!.Until > until)
            until = old.Until;
        Instant archived = isSame && until < old!.ArchivedUntil + ArchiveStep ? old.ArchivedUntil : until;
        if (old is not null)
            Forget(place, old);
        Add(place, new Entry(from, new KadRecord(record.Key, record.Value, time.UtcDateTime.ToString("o")), until, Later(now), archived));
        if (!MakeRoom(from, place))
            return false;
        if (archived == until)
            options.Archive?.Keep(new KadKept.Value(from, record.Key, record.Value, time + (until - now)));
        return true;
    }

    /// <summary>Takes a value from the archive; false when it is not valid any more.</summary>
    public bool TryRestore(KadKept.Value kept, Instant now)
    {
        DateTimeOffset time = options.Clock();
        var record = new KadRecord(kept.Key, kept.Content, time.UtcDateTime.ToString("o"));
        if (kept.Until <= time || !options.Rules.IsValid(kept.Key.Span, kept.Content.Span, time))
            return false;
        Key256 place = Key256.HashOf(kept.Key.Span);
        Instant until = now + Lifetime(record with { TimeToLive = kept.Until - time }, time);
        // Spread over a whole interval, since all that there is comes back at once.
        Instant due = options.ReplicationInterval is { } interval ? now + (interval * random.NextDouble()) : Instant.Never;
        Add(place, new Entry(kept.From, record, until, due, until));
        return MakeRoom(kept.From, place);
    }

    /// <summary>The next value that is due, with the life that is left to it. It is due again an interval later.</summary>
    public bool TryTakeDue(Instant now, [NotNullWhen(true)] out KadRecord? record)
    {
        record = null;
        foreach ((Key256 place, Entry entry) in _entries.Where(e => e.Value.Due <= now).ToArray())
        {
            if (!IsFresh(entry, now))
            {
                Remove(place);
                continue;
            }
            entry.Due = Later(now);
            record = new KadRecord(entry.Record.Key, entry.Record.Value) { TimeToLive = entry.Until - now };
            break;
        }
        NextDue = _entries.Count == 0 ? Instant.Never : _entries.Values.Min(e => e.Due);
        return record is not null;
    }

    /// <summary>A value is due no more, unless somebody gives it to us again: others look after it.</summary>
    public void Rest(ReadOnlyMemory<byte> key)
    {
        if (_entries.GetValueOrDefault(Key256.HashOf(key.Span)) is { } entry)
            entry.Due = Instant.Never;
    }

    /// <summary>Drops what is too old.</summary>
    public void Expire(Instant now)
    {
        foreach (Key256 key in _entries.Where(e => e.Value.Until <= now).Select(e => e.Key).ToArray())
            Remove(key);
    }

    /// <summary>How long a value may live: until its own end, where it has one and it is near; otherwise the usual time; and no longer than its giver says.</summary>
    private TimeSpan Lifetime(KadRecord record, DateTimeOffset time)
    {
        TimeSpan life = options.RecordLifetime;
        if (options.Rules.EndOf(record.Key.Span, record.Value.Span) is { } end)
            life = end - time < options.LongestRecordLifetime ? end - time : options.LongestRecordLifetime;
        return record.TimeToLive is { } told && told < life ? told : life;
    }

    private Instant Later(Instant now) => options.ReplicationInterval is { } interval ? now + (interval * (1 + (random.NextDouble() / 2))) : Instant.Never;

    private bool IsFresh(Entry entry, Instant now) =>
        now < entry.Until && options.Rules.IsValid(entry.Record.Key.Span, entry.Record.Value.Span, options.Clock());

    /// <summary>False when what has just come gives way itself.</summary>
    private bool MakeRoom(PeerId from, in Key256 added)
    {
        Key256? gives = null;
        if (from != self && _ofPeer.GetValueOrDefault(from) > options.MaxRecordsOfPeer)
            gives = _entries.First(e => e.Value.From == from).Key;
        else if (_entries.Count > options.MaxRecords)
            gives = _entries.First().Key;
        if (gives is { } place)
            Remove(place);
        return gives != added;
    }

    private void Add(in Key256 place, Entry entry)
    {
        _entries[place] = entry;
        _ofPeer[entry.From] = _ofPeer.GetValueOrDefault(entry.From) + 1;
        NextDue = Instant.Min(NextDue, entry.Due);
    }

    private void Remove(in Key256 place)
    {
        Forget(place, _entries[place]);
        options.Archive?.Drop(KadKept.Value.NameOf(place));
    }

    private void Forget(in Key256 place, Entry entry)
    {
        _entries.Remove(place);
        if (--_ofPeer[entry.From] == 0)
            _ofPeer.Remove(entry.From);
    }

    private sealed class Entry(PeerId from, KadRecord record, Instant until, Instant due, Instant archivedUntil)
    {
        public PeerId From => from;

        public KadRecord Record => record;

        public Instant Until => until;

        /// <summary>When it is to be given to the nearest peers again.</summary>
        public Instant Due { get; set; } = due;

        /// <summary>The end of its life that the archive knows.</summary>
        public Instant ArchivedUntil => archivedUntil;
    }
}
