namespace Compeer.Protocols.Yamux;

/// <summary>
/// Bounds of one session. The most that a hostile remote makes it hold is <see cref="MaxUnreadBytes"/>, some hundred bytes for
/// each of <see cref="MaxIncomingStreams"/>, and <see cref="MaxOutputBytes"/> twice; <see cref="MaxGrowthBytes"/> come on top
/// only for streams whose readers kept up.
/// </summary>
public sealed record YamuxOptions
{
    /// <summary>The window that both sides assume for a new stream.</summary>
    public const int InitialWindowBytes = 256 * 1024;

    /// <summary>How far the window of one stream grows.</summary>
    public int MaxWindowBytes { get; init; } = 16 << 20;

    /// <summary>How much the windows of all streams together grow.</summary>
    public int MaxGrowthBytes { get; init; } = 16 << 20;

    /// <summary>Received bytes that nobody has read yet, over all streams, before windows have grown; a stream that brings more is reset.</summary>
    public int MaxUnreadBytes { get; init; } = 4 << 20;

    /// <summary>Streams that we open before the remote acknowledges them.</summary>
    public int MaxUnacknowledged { get; init; } = 256;

    /// <summary>Streams of the remote at once; further ones are reset.</summary>
    public int MaxIncomingStreams { get; init; } = 1024;

    /// <summary>Streams of the remote that are reset so between two of our pings; more end the session.</summary>
    public int MaxRefused { get; init; } = 10_000;

    /// <summary>Payload of one data frame that we send.</summary>
    public int MaxFrameBytes { get; init; } = 64 * 1024;

    /// <summary>Frames that are gathered for one transmission; the default, sealed in sixteen records of TLS or four messages of Noise, fits 256 KiB.</summary>
    public int MaxOutputBytes { get; init; } = (256 * 1024) - (16 * 22);

    /// <summary>Answers that a remote may provoke beyond <see cref="MaxOutputBytes"/> without taking them; more end the session.</summary>
    public int MaxControlBytes { get; init; } = 64 * 1024;

    /// <summary>Pings that wait for their answers; further ones are not answered.</summary>
    public int MaxPongs { get; init; } = 16;

    /// <summary>How often the remote is pinged. If nothing at all comes from it until the next ping, the session ends.</summary>
    public TimeSpan KeepAlive { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a stream that we read no more may stay open without a word of the remote.</summary>
    public TimeSpan Linger { get; init; } = TimeSpan.FromSeconds(60);
}
