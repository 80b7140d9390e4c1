namespace Compeer.Protocols.PeerWire;

/// <summary>
/// Bounds and timers of a connection. Worst-case memory at the defaults: 256 KiB of a partial message, 1 MiB of
/// queued control messages, 48 KB of requests of the peer, 350 KB of ours and of those given up, and a bit for each piece
/// (768 KiB while the number of pieces is unknown).
/// </summary>
public sealed record PeerWireOptions
{
    /// <summary>Requests of the peer that wait here; we announce it, and refuse more.</summary>
    public int MaxIncomingRequests { get; init; } = 2000;

    /// <summary>Requests of ours that may be unanswered, whatever the peer announces.</summary>
    public int MaxOutstanding { get; init; } = 2000;

    /// <summary>Requests of ours that may be unanswered with a peer that does not say how many it takes.</summary>
    public int DefaultOutstanding { get; init; } = 250;

    /// <summary>Longest block served.</summary>
    public int MaxRequestBytes { get; init; } = 128 * 1024;

    /// <summary>Bytes of control messages that may wait to be sent; a peer that does not read is closed.</summary>
    public int MaxQueuedControlBytes { get; init; } = 1 << 20;

    /// <summary>Silence of ours after which a keep-alive is sent.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(100);

    /// <summary>Silence of theirs after which the connection is closed.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(150);

    /// <summary>Refusals in a row without a block after which the connection is closed.</summary>
    public int MaxRejects { get; init; } = 50;

    /// <summary>Blocks, refusals, hashes and metadata that nobody asked for after which the connection is closed.</summary>
    public int MaxUnrequested { get; init; } = 4;

    /// <summary>Refused and cancelled requests of the peer within a minute after which it counts as a flood.</summary>
    public int MaxRefused { get; init; } = 20_000;

    /// <summary>Pieces that the peer may offer to serve while it chokes us; more are not remembered.</summary>
    public int MaxAllowedFast { get; init; } = 64;

    /// <summary>Our requests for hashes that may be unanswered.</summary>
    public int MaxHashRequests { get; init; } = 64;

    /// <summary>What we call ourselves in the extension handshake.</summary>
    public string ClientName { get; init; } = "Compeer 0.1";
}
