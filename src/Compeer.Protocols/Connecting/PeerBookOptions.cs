namespace Compeer.Protocols.Connecting;

/// <summary>
/// Bounds and timers of a <see cref="PeerBook"/>. Worst case at the defaults: about 400 bytes an entry and 150 for each
/// address and network that was dialled lately, 5 MB a torrent.
/// </summary>
public sealed record PeerBookOptions
{
    /// <summary>Addresses remembered per torrent.</summary>
    public int MaxPeers { get; init; } = 3000;

    /// <summary>Failed attempts after which an address is forgotten, unless a person or the link named it.</summary>
    public int MaxFailures { get; init; } = 8;

    /// <summary>Wait after the first failure at an address that a person named or that was reached before; it doubles with each further one.</summary>
    public TimeSpan FirstRetry { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The same for an address that we have on others' word only.</summary>
    public TimeSpan FirstHearsayRetry { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Longest wait between two attempts.</summary>
    public TimeSpan MaxRetry { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Wait before an address is dialled again after a connection that worked ended.</summary>
    public TimeSpan Reconnect { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a ban lasts.</summary>
    public TimeSpan Ban { get; init; } = TimeSpan.FromHours(2);

    /// <summary>Dials under way at once.</summary>
    public int MaxDialling { get; init; } = 32;

    /// <summary>Dials under way at once to one IP address, unless a person named it.</summary>
    public int MaxDiallingPerAddress { get; init; } = 1;

    /// <summary>Dials under way at once to one /24 or /64 of the Internet.</summary>
    public int MaxDiallingPerPrefix { get; init; } = 4;

    /// <summary>Ports known of one IP address on others' word.</summary>
    public int MaxPortsPerAddress { get; init; } = 4;

    /// <summary>Addresses known of one /24 or /64 of the Internet on others' word.</summary>
    public int MaxPeersPerPrefix { get; init; } = 64;

    /// <summary>
    /// Dials to one IP address, at all its ports together, that may fail in an hour (and as many once more at the beginning) when
    /// we have the address on others' word only: whom they name may be a victim and no peer.
    /// </summary>
    public int DialsPerAddress { get; init; } = 3;

    /// <summary>The same for one /24 or /64 of the Internet.</summary>
    public int DialsPerPrefix { get; init; } = 12;

    /// <summary>Failures of the addresses that one source told after which it is doubted, if hardly any answered.</summary>
    public int FailuresUntilDoubt { get; init; } = 8;

    /// <summary>Sources that are told apart for their trust.</summary>
    public int MaxTellers { get; init; } = 512;
}
