namespace Compeer.InteropTests.Lab;

/// <summary>The options that commands of compeer have in common, and where it keeps its state.</summary>
public sealed record CompeerOptions
{
    public int Port { get; init; } = 7001;

    /// <summary>For get: the managed program, also where the others are native.</summary>
    public bool IsManaged { get; init; }

    /// <summary>For --proxy; null is none.</summary>
    public string? Proxy { get; init; }

    /// <summary>For --relay; null is none.</summary>
    public string? Relay { get; init; }

    /// <summary>Further variables of the environment.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>A directory that outlives the process for tests that start it again; null makes a new one.</summary>
    public string? DataDirectory { get; init; }

    /// <summary>Rates as the command line takes them ("2MiB"); null is no limit.</summary>
    public string? LimitUp { get; init; }

    public string? LimitDown { get; init; }

    /// <summary>prefer, require or forbid; null is the default.</summary>
    public string? Encryption { get; init; }

    /// <summary>Addresses for --peer (get only).</summary>
    public IReadOnlyList<string> Peers { get; init; } = [];

    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>--no-utp: peers by TCP only.</summary>
    public bool TcpOnly { get; init; }

    /// <summary>--no-tcp: peers by uTP only.</summary>
    public bool UtpOnly { get; init; }

    /// <summary>How the router is asked for the port: pcp, nat-pmp or upnp; null is all, "none" asks no router.</summary>
    public string? PortMapping { get; init; }

    /// <summary>Seconds that the router shall keep the port mapped; 0 is the program's own choice.</summary>
    public int PortMappingLease { get; init; }

    public bool KeepSeeding { get; init; }

    /// <summary>Listen on all addresses instead of the host's one.</summary>
    public bool AnyAddress { get; init; }

    /// <summary>Look for peers on the local network; off unless a test is about it.</summary>
    public bool LocalDiscovery { get; init; }

    /// <summary>For get: give up after so long without success.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>Where to join the DHT; without one it is not joined, as nothing public can be reached from the lab.</summary>
    public IReadOnlyList<string> DhtEntries { get; init; } = [];

    /// <summary>STUN servers to ask.</summary>
    public IReadOnlyList<string> Stun { get; init; } = [];

    /// <summary>For share.</summary>
    public IReadOnlyList<string> Trackers { get; init; } = [];

    /// <summary>For share.</summary>
    public IReadOnlyList<string> WebSeeds { get; init; } = [];

    /// <summary>For share: the link follows later versions.</summary>
    public bool Mutable { get; init; }

    /// <summary>For share: v1, v2 or hybrid.</summary>
    public string? Format { get; init; }
}
