using Compeer.Protocols;

namespace Compeer.Content.Torrents;

/// <summary>Meters one direction of one torrent: against a limit of its own, and against the one that all torrents share.</summary>
/// <param name="shared">That of the client.</param>
/// <param name="bytesPerSecond">Its own; 0 means none.</param>
internal sealed class TorrentRateLimit(SharedRateLimit shared, long bytesPerSecond)
{
    private readonly SharedRateLimit? _own = bytesPerSecond > 0 ? new SharedRateLimit(bytesPerSecond) : null;

    /// <summary>The lower of the two; 0 means no limit.</summary>
    public long BytesPerSecond =>
        (_own?.BytesPerSecond ?? 0, shared.BytesPerSecond) is var (own, all) && own > 0 && all > 0 ? Math.Min(own, all) : Math.Max(own, all);

    /// <summary>Bytes that may be moved now; negative while a debt is paid off.</summary>
    public long Available(Instant now) => Math.Min(_own?.Available(now) ?? long.MaxValue, shared.Available(now));

    /// <summary>Counts bytes moved.</summary>
    public void Take(long bytes, Instant now)
    {
        _own?.Take(bytes, now);
        shared.Take(bytes, now);
    }
}
