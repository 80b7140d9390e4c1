using System.Globalization;
using Compeer.Content.Torrents;

namespace Compeer.Cli.Output;

/// <summary>A torrent's state in one line.</summary>
internal static class ProgressLine
{
    /// <summary>At most <paramref name="width"/> - 1 columns.</summary>
    public static string Of(TorrentStatus status, int width, bool bar)
    {
        string text = status.Phase switch
        {
            TorrentPhase.FetchingMetadata => $"Asking for the torrent's description: {Peers(status)}{Tracker(status)}",
            TorrentPhase.Checking => $"Checking what is on the disk: {Units.Size(status.RehashedBytes)} hashed",
            TorrentPhase.Seeding => $"Seeding: {Units.Rate(status.UpRate)} up, {Units.Size(status.UploadedBytes)} given, {Peers(status)}",
            TorrentPhase.WaitingForRoom or TorrentPhase.Failed => status.Problem ?? status.Phase.ToString(),
            TorrentPhase.Stopped => "Stopped",
            _ => Downloading(status, bar),
        };
        return text.Length < width ? text : text[..Math.Max(0, width - 1)];
    }

    private static string Downloading(TorrentStatus status, bool bar)
    {
        long left = status.WantedBytes - status.VerifiedBytes;
        TimeSpan? eta = status.DownRate > 0 ? TimeSpan.FromSeconds(Math.Min(left / (double)status.DownRate, 1e8)) : null;
        string percent = (100 * status.Fraction).ToString("0.0", CultureInfo.InvariantCulture).PadLeft(5);
        string why = status.Peers == 0 ? Tracker(status) : "";
        return $"{(bar ? Bar(status.Fraction) + " " : "")}{percent} % of {Units.Size(status.WantedBytes)}  {Units.Rate(status.DownRate)} down  {Units.Rate(status.UpRate)} up  "
            + $"{Units.Time(eta)} left  {Peers(status)}  {status.VerifiedPieces}/{status.PieceCount} pieces{why}";
    }

    private static string Peers(TorrentStatus status) =>
        status.Peers == 0 ? $"no peers yet ({status.KnownPeers} known)" : $"{Units.Count(status.Peers, "peer")} ({status.Seeds} complete)";

    private static string Tracker(TorrentStatus status) => status.TrackerMessage is null ? "" : $"; tracker: {Printable.Text(status.TrackerMessage)}";

    private static string Bar(double fraction)
    {
        const int cells = 20;
        int full = (int)Math.Round(fraction * cells);
        return "[" + new string('#', full) + new string('.', cells - full) + "]";
    }
}
