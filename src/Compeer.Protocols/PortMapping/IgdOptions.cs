namespace Compeer.Protocols.PortMapping;

/// <summary>Times and bounds of <see cref="IgdSession"/>. Worst-case memory: 8 places of 512 characters and one document of 256 KiB.</summary>
public sealed record IgdOptions
{
    /// <summary>How often the search is sent: one datagram for each of five targets.</summary>
    public int SearchRounds { get; init; } = 2;

    /// <summary>Between two rounds.</summary>
    public TimeSpan SearchPause { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Devices spread their answers over this, 1 to 5 s; the search ends two seconds after it.</summary>
    public int AnswerSpreadSeconds { get; init; } = 2;

    /// <summary>After this an HTTP request counts as failed even when the driver says nothing.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Other external ports that are tried when another machine has ours.</summary>
    public int MaxOtherPorts { get; init; } = 4;

    /// <summary>What the router's own pages show as the reason of the mapping.</summary>
    public string Description { get; init; } = "Compeer";
}
