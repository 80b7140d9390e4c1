namespace Compeer.Protocols.HolePunching;

/// <summary>
/// Bounds and timers of a <see cref="HolePunching"/>. Worst case for one torrent: 2000 introductions of about 200 bytes,
/// 1000 remembered addresses and 64 open questions: under 700 KB. What others can make us send is bounded by
/// <see cref="MaxPunchesPerMinute"/> dials a minute in all and <see cref="MaxPunchesPerAddress"/> at one address.
/// </summary>
public sealed record HolePunchingOptions
{
    /// <summary>How long a relaying peer may take to answer a rendezvous.</summary>
    public TimeSpan AnswerTimeout { get; init; } = TimeSpan.FromSeconds(4);

    /// <summary>How long a question waits for somebody who can be asked.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Rendezvous of ours that wait for an answer at once.</summary>
    public int MaxQuestions { get; init; } = 64;

    /// <summary>Relaying peers asked for one target before it is given up.</summary>
    public int MaxRelaysPerTarget { get; init; } = 4;

    /// <summary>Targets of which we remember who named them; the oldest goes first.</summary>
    public int MaxIntroductions { get; init; } = 2000;

    /// <summary>Peers remembered as having named one target.</summary>
    public int MaxIntroducersPerTarget { get; init; } = 4;

    /// <summary>How long two peers that we introduced may try to meet directly before one is told of the other's port at a relay.</summary>
    public TimeSpan RelayDelay { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Rendezvous that one peer may ask of us in a burst; more are ignored.</summary>
    public int RelayBurst { get; init; } = 10;

    /// <summary>Time after which one peer may ask once more.</summary>
    public TimeSpan RelayInterval { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Connects that we pass to one target in a burst, whoever asks.</summary>
    public int TargetBurst { get; init; } = 16;

    /// <summary>Time after which one more connect may go to a target.</summary>
    public TimeSpan TargetInterval { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>Connects that we did not ask for and obey from one relaying peer in a burst.</summary>
    public int ConnectBurst { get; init; } = 8;

    /// <summary>Time after which one relaying peer may send one more.</summary>
    public TimeSpan ConnectInterval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Dials on others' word at one address (an IPv6 /64) within <see cref="AddressWindow"/>.</summary>
    public int MaxPunchesPerAddress { get; init; } = 4;

    /// <summary>The window of <see cref="MaxPunchesPerAddress"/>.</summary>
    public TimeSpan AddressWindow { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Addresses whose dials are counted at once; when there are more, nothing is dialled until some fall out of the window.</summary>
    public int MaxCountedAddresses { get; init; } = 1000;

    /// <summary>Dials on others' word in a minute, over all addresses.</summary>
    public int MaxPunchesPerMinute { get; init; } = 60;

    /// <summary>Ports below this one are no peers' but those of well-known services, and are not dialled on others' word.</summary>
    public int LowestPort { get; init; } = 1024;
}
