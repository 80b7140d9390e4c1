using Compeer.Content.Torrents;
using Compeer.Formats.Torrents;
using Compeer.Node.State;

namespace Compeer.Node.Torrents;

/// <summary>A torrent of the node: what is remembered of it, and the running torrent once it is open.</summary>
public sealed class NodeTorrent
{
    private volatile TorrentRecord _record;
    private volatile Torrent? _running;
    private volatile TorrentSummary? _summary;
    private RateHistory? _rates;

    /// <summary>1 while it waits to be looked at.</summary>
    internal int IsMarked;

    internal NodeTorrent(TorrentRecord record)
    {
        _record = record;
        // Once here, so that a record without ids is refused at once.
        record.ReadInfoHashes();
    }

    /// <summary>The 40 hex digits of the swarm's id.</summary>
    public string Id => InfoHashes.Truncated.ToString();

    /// <summary>The ids.</summary>
    public InfoHashes InfoHashes => _record.ReadInfoHashes();

    /// <summary>What is remembered; replaced as a whole.</summary>
    public TorrentRecord Record
    {
        get => _record;
        internal set
        {
            _record = value;
            _summary = null;
            Changed?.Invoke(this);
        }
    }

    /// <summary>The running torrent; null until it is open.</summary>
    public Torrent? Running
    {
        get => _running;
        internal set
        {
            _running = value;
            Changed?.Invoke(this);
        }
    }

    /// <summary>Told when the record or the running torrent is another.</summary>
    internal Action<NodeTorrent>? Changed { get; set; }

    /// <summary>The totals of earlier runs; those of this one are in the status.</summary>
    internal (long Downloaded, long Uploaded) Before { get; set; }

    /// <summary>Where its rates are noted; made by the first who asks.</summary>
    internal RateHistory Rates => Volatile.Read(ref _rates) ?? Interlocked.CompareExchange(ref _rates, new RateHistory(), null) ?? _rates;

    /// <summary>Which share of <see cref="LiveFeed.Totals"/> is its own; null before it was looked at.</summary>
    internal TorrentShare? Told { get; set; }

    /// <summary>Its rates of the last hour, oldest first; none when nothing moved.</summary>
    public IReadOnlyList<RatePoint> RatePoints => Volatile.Read(ref _rates)?.Points() ?? [];

    /// <summary>As it was at the last look, at most about a second ago, or after the last change of what is remembered.</summary>
    public TorrentSummary Summary => _summary ?? TorrentSummary.Of(this);

    /// <summary>Keeps what a look has found; of a torrent that stands still nothing is kept, since it can be told at any time.</summary>
    internal void KeepSummary(TorrentSummary summary) => _summary = summary.IsStill ? null : summary;

    /// <summary>What was kept; null when nothing was.</summary>
    internal TorrentSummary? KeptSummary => _summary;

    /// <summary>Remembers what a look has found anyway, and is no change to look at.</summary>
    internal void KeepRecord(TorrentRecord record) => _record = record;
}
