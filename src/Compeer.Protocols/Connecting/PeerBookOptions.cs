namespace Compeer.Protocols.Connecting;

/// <summary>Bounds and timers of a <see cref="PeerBook"/>. Worst case: about 200 bytes an entry, 600 KB a torrent.</summary>
public sealed record PeerBookOptions
{
    /// <summary>Addresses remembered per torrent.</summary>
    public int MaxPeers { get; init; } = 3000;

    /// <summary>Failed attempts after which an address is forgotten.</summary>
    public int MaxFailures { get; init; } = 8;

    /// <summary>Wait after the first failure; it doubles with each further one.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest wait between two attempts.</summary>
    public TimeSpan MaxRetry { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Wait before an address is dialled again after a connection that worked ended.</summary>
    public TimeSpan Reconnect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a ban lasts.</summary>
    public TimeSpan Ban { get; init; } = TimeSpan.FromHours(2);
}
