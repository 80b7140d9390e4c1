using Compeer.Node.Torrents;

namespace Compeer.Node.Api;

/// <summary>Which torrents of a list, in which order.</summary>
internal sealed record TorrentQuery(string? State, string? Label, string? Search, string? Sort, string? Order, int Offset, int Limit)
{
    private const int MaxLimit = 10_000;

    /// <summary>Those that match, in order, and how many there are on all pages.</summary>
    /// <exception cref="NodeException">There is no such order.</exception>
    public (int Total, IReadOnlyList<TorrentSummary> Items) Select(IEnumerable<TorrentSummary> all)
    {
        IEnumerable<TorrentSummary> matching = all.Where(Matches);
        Func<TorrentSummary, object?> key = Sort switch
        {
            null or "addedAt" => s => s.AddedAt,
            "name" => s => s.Name,
            "progress" => s => s.Progress,
            "downRate" => s => s.DownRate,
            "upRate" => s => s.UpRate,
            "size" => s => s.Size,
            "ratio" => s => s.Ratio,
            "eta" => s => s.Eta ?? long.MaxValue,
            "state" => s => s.State,
            _ => throw new NodeException(NodeFailure.BadInput, $"There is no order '{Sort}'. Take name, addedAt, progress, downRate, upRate, size, ratio, eta or state."),
        };
        var comparer = Comparer<object?>.Create((a, b) => a is string x && b is string y ? string.Compare(x, y, StringComparison.OrdinalIgnoreCase) : Comparer<object?>.Default.Compare(a, b));
        TorrentSummary[] sorted = [.. (Order == "desc" ? matching.OrderByDescending(key, comparer) : matching.OrderBy(key, comparer)).ThenBy(s => s.Id, StringComparer.Ordinal)];
        return (sorted.Length, [.. sorted.Skip(Math.Max(0, Offset)).Take(Math.Clamp(Limit, 0, MaxLimit))]);
    }

    private bool Matches(TorrentSummary summary) =>
        (State is null || State.Split(',').Contains(summary.State)) && (Label is null || summary.Labels.Contains(Label))
        && (Search is null || summary.Name.Contains(Search, StringComparison.OrdinalIgnoreCase) || summary.Id.StartsWith(Search, StringComparison.OrdinalIgnoreCase));
}
