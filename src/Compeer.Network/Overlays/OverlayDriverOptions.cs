namespace Compeer.Network.Overlays;

/// <summary>
/// What an <see cref="OverlayDriver{TMessage}"/> speaks, and its bounds. A peer may make it hold <see cref="MaxQueuedBytes"/> to be sent, and for each of
/// <see cref="MaxStreamsPerPeer"/> twice <see cref="MaxMessageBytes"/> half received.
/// </summary>
public sealed record OverlayDriverOptions
{
    /// <summary>The protocols that are served, and proposed to others, the best first.</summary>
    public required IReadOnlyList<string> Protocols { get; init; }

    /// <summary>Dials a peer that is not connected, where its addresses are known; else such messages are given back.</summary>
    public bool Dials { get; init; } = true;

    /// <summary>What finds its peer's queue full is lost, for machines that repair losses; else it is given back.</summary>
    public bool LosesWhenFull { get; init; }

    /// <summary>Longest message; the stream that brings a longer one is reset.</summary>
    public int MaxMessageBytes { get; init; } = 1 << 20;

    /// <summary>Messages that wait to be sent to one peer.</summary>
    public int MaxQueuedMessages { get; init; } = 1024;

    /// <summary>Their bytes.</summary>
    public int MaxQueuedBytes { get; init; } = 2 << 20;

    /// <summary>Peers that are sent to at once; messages to others are given back.</summary>
    public int MaxPeers { get; init; } = 4096;

    /// <summary>Streams of one peer that are read at once; further ones are reset.</summary>
    public int MaxStreamsPerPeer { get; init; } = 4;

    /// <summary>A peer that takes nothing for so long is given up.</summary>
    public TimeSpan StalledFor { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>A stream on which nothing was sent for so long is closed, and opened again when it is needed.</summary>
    public TimeSpan IdleFor { get; init; } = TimeSpan.FromMinutes(5);
}
