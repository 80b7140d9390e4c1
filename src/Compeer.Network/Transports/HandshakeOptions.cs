namespace Compeer.Network.Transports;

/// <summary>Bounds on connections that have not yet proved to be peers. Worst case: 256 sockets and 68 bytes each.</summary>
public sealed record HandshakeOptions
{
    /// <summary>Time to open a connection.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a dial by TCP is alone before uTP is tried too.</summary>
    public TimeSpan TcpHeadStart { get; init; } = TimeSpan.FromMilliseconds(250);

    /// <summary>Time for the whole handshake once connected.</summary>
    public TimeSpan HandshakeTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Outgoing connections being opened at once.</summary>
    public int MaxHalfOpen { get; init; } = 32;

    /// <summary>The same to one IP address: below what a listener allows from one.</summary>
    public int MaxHalfOpenPerAddress { get; init; } = 8;

    /// <summary>Incoming connections in handshake at once; the one that waited longest makes room for a new one.</summary>
    public int MaxPending { get; init; } = 256;

    /// <summary>Incoming connections in handshake at once from one address; more are closed at once.</summary>
    public int MaxPendingPerAddress { get; init; } = 32;
}
