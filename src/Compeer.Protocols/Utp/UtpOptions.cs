namespace Compeer.Protocols.Utp;

/// <summary>
/// Values and bounds of uTP on one port. Worst-case memory at the defaults: <see cref="MaxBufferBytes"/>, and 32 KiB of
/// first buffers and 200 KiB of packet tables for each of <see cref="MaxConnections"/> connections that are all full at once.
/// Connections asked for but not proved cost nothing: they are not kept.
/// </summary>
public sealed record UtpOptions
{
    /// <summary>Queueing delay that a sender allows itself to cause.</summary>
    public TimeSpan TargetDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Growth of the congestion window in bytes per round trip while there is no queue.</summary>
    public int GainBytesPerRtt { get; init; } = 3000;

    /// <summary>Part of the congestion window that is left after a loss.</summary>
    public double LossFactor { get; init; } = 0.5;

    /// <summary>Least time between two cuts of the congestion window.</summary>
    public TimeSpan MinCutInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Least retransmission time-out.</summary>
    public TimeSpan MinTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>First time-out of a SYN; each repetition doubles it.</summary>
    public TimeSpan SynTimeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Repetitions of a SYN before the connection has failed.</summary>
    public int MaxSynResends { get; init; } = 2;

    /// <summary>
    /// Time-outs in a row before a connection is given up.
    /// DEVIATION: libtorrent gives up after 3, about 4 s; a short outage of a wireless link should not cost every peer.
    /// </summary>
    public int MaxTimeouts { get; init; } = 5;

    /// <summary>How long an acknowledgement may wait for another packet to acknowledge.</summary>
    public TimeSpan AckDelay { get; init; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Silence after which a packet is sent to keep address translations alive.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(29);

    /// <summary>How long a closed connection goes on trying to deliver what was written to it.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an ended connection still answers repeated packets.</summary>
    public TimeSpan TimeWait { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>Most bytes written and not yet acknowledged, per connection.</summary>
    public int MaxSendBytes { get; init; } = 4 << 20;

    /// <summary>Most bytes received and not yet read, per connection.</summary>
    public int MaxReceiveBytes { get; init; } = 4 << 20;

    /// <summary>Most packets on their way, and farthest a packet may come early, per connection.</summary>
    public int MaxPackets { get; init; } = 4096;

    /// <summary>Buffers of all connections together, beyond 32 KiB for each.</summary>
    public long MaxBufferBytes { get; init; } = 256 << 20;

    /// <summary>Connections at once, of both directions; more are refused.</summary>
    public int MaxConnections { get; init; } = 2048;

    /// <summary>Incoming connections at once from one address; more are refused.</summary>
    public int MaxIncomingPerAddress { get; init; } = 64;

    /// <summary>RESET answers per second to packets of unknown connections.</summary>
    public int ResetsPerSecond { get; init; } = 50;

    /// <summary>Largest datagram that is believed to pass every path, without IP and UDP headers; 0 means what fits into 1,280 bytes of IPv4 or IPv6.</summary>
    public int SafeDatagramBytes { get; init; }

    /// <summary>Largest datagram to probe for, without IP and UDP headers; 0 means what fits into 1,500 bytes of IPv4 or IPv6.</summary>
    public int MaxDatagramBytes { get; init; }
}
