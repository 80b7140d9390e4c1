using System.Collections.Immutable;

namespace Compeer.Node.Torrents;

/// <summary>All torrents in figures, kept by what changes. Immutable.</summary>
public sealed record TorrentTotals
{
    /// <summary>None.</summary>
    public static TorrentTotals None { get; } = new();

    /// <summary>Bytes per second.</summary>
    public long DownRate { get; private init; }

    /// <summary>Bytes per second.</summary>
    public long UpRate { get; private init; }

    /// <summary>Payload received over all time.</summary>
    public long Downloaded { get; private init; }

    /// <summary>Payload sent over all time.</summary>
    public long Uploaded { get; private init; }

    /// <summary>How many torrents are in which state.</summary>
    public ImmutableDictionary<string, int> States { get; private init; } = ImmutableDictionary<string, int>.Empty;

    /// <summary>With one torrent as it is now in place of what it was; null where there was none, or is none any more.</summary>
    public TorrentTotals With(TorrentShare? before, TorrentShare? now) => new()
    {
        DownRate = DownRate + (now?.DownRate ?? 0) - (before?.DownRate ?? 0),
        UpRate = UpRate + (now?.UpRate ?? 0) - (before?.UpRate ?? 0),
        Downloaded = Downloaded + (now?.Downloaded ?? 0) - (before?.Downloaded ?? 0),
        Uploaded = Uploaded + (now?.Uploaded ?? 0) - (before?.Uploaded ?? 0),
        States = before?.State == now?.State ? States : Count(Count(States, before?.State, -1), now?.State, 1),
    };

    private static ImmutableDictionary<string, int> Count(ImmutableDictionary<string, int> states, string? state, int change) =>
        state is null ? states : states.SetItem(state, states.GetValueOrDefault(state) + change);
}

/// <summary>What one torrent adds to the totals.</summary>
/// <param name="State">As in <see cref="TorrentSummary.State"/>.</param>
/// <param name="DownRate">Bytes per second.</param>
/// <param name="UpRate">Bytes per second.</param>
/// <param name="Downloaded">Payload received over all time.</param>
/// <param name="Uploaded">Payload sent over all time.</param>
public readonly record struct TorrentShare(string State, long DownRate, long UpRate, long Downloaded, long Uploaded)
{
    /// <summary>Of a torrent as it was seen.</summary>
    public static TorrentShare Of(TorrentSummary summary) => new(summary.State, summary.DownRate, summary.UpRate, summary.Downloaded, summary.Uploaded);
}
