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

    /// <summary>1 while it waits to be looked at.</summary>
    internal int IsMarked;

    internal NodeTorrent(TorrentRecord record)
    {
        _record = record;
        InfoHashes = record.ReadInfoHashes();
        Id = InfoHashes.Truncated.ToString();
    }

    /// <summary>The 40 hex digits of the swarm's id.</summary>
    public string Id { get; }

    /// <summary>The ids.</summary>
    public InfoHashes InfoHashes { get; }

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

    /// <summary>Rates of the last hour.</summary>
    public RateHistory Rates { get; } = new();

    /// <summary>As it was at the last look, at most about a second ago, or after the last change of what is remembered.</summary>
    public TorrentSummary Summary { get => _summary ?? TorrentSummary.Of(this); internal set => _summary = value; }

    /// <summary>Remembers what a look has found anyway, and is no change to look at.</summary>
    internal void KeepRecord(TorrentRecord record) => _record = record;
}
