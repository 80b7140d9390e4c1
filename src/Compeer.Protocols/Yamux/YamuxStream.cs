namespace Compeer.Protocols.Yamux;

/// <summary>
/// One stream of a session: an ordered byte stream each way, of which each side ends its own. Used under whatever guards its session.
/// Spec: libp2p/specs yamux/README.md, "Message Flow".
/// </summary>
public sealed class YamuxStream
{
    private readonly YamuxSession _session;

    internal YamuxStream(YamuxSession session, uint id, bool isIncoming, Instant now)
    {
        _session = session;
        Id = id;
        IsIncoming = isIncoming;
        WindowToldAt = now;
    }

    /// <summary>Odd where the dialler of the connection opened it.</summary>
    public uint Id { get; }

    /// <summary>The remote opened it.</summary>
    public bool IsIncoming { get; }

    /// <summary>For the owner's use; the machine does not look at it.</summary>
    public object? Tag { get; set; }

    /// <summary>Bytes that can be read now.</summary>
    public int ReadableBytes => Received?.Count ?? 0;

    /// <summary>The remote has ended its direction and everything of it was read.</summary>
    public bool IsRemoteEnded => HasRemoteEnded && ReadableBytes == 0;

    /// <summary>A write waits for the remote or for room.</summary>
    public bool IsWriting => !Pending.IsEmpty;

    /// <summary>Why it ended before both sides had said all.</summary>
    public YamuxCut Cut { get; internal set; }

    /// <summary>How far the remote may be ahead of our reader, in bytes.</summary>
    public int WindowBytes { get; internal set; } = YamuxOptions.InitialWindowBytes;

    internal ChunkQueue? Received { get; set; }

    internal ReadOnlyMemory<byte> Pending { get; set; }

    /// <summary>Where a reader waits for bytes, and how many have come there.</summary>
    internal Memory<byte> Awaited { get; set; }

    internal int AwaitedBytes { get; set; }

    /// <summary>Bytes that the remote may still send.</summary>
    internal int ReceiveCredit { get; set; } = YamuxOptions.InitialWindowBytes;

    /// <summary>Bytes of data frames, those under way included, that are not read yet.</summary>
    internal int UnreadCredit { get; set; }

    /// <summary>Bytes that we may still send.</summary>
    internal long SendCredit { get; set; } = YamuxOptions.InitialWindowBytes;

    internal Instant WindowToldAt { get; set; }

    internal Instant LingersUntil { get; set; } = Instant.Never;

    internal YamuxFlags FlagsDue { get; set; }

    internal YamuxSignals Signals { get; set; }

    internal bool IsAcknowledged { get; set; }

    internal bool IsWriteEnded { get; set; }

    internal bool IsFinSent { get; set; }

    internal bool HasRemoteEnded { get; set; }

    internal bool IsReadClosed { get; set; }

    internal bool IsInWriters { get; set; }

    internal bool IsInAttention { get; set; }

    internal bool IsOver => Cut != YamuxCut.None;

    /// <summary>Moves received bytes into <paramref name="target"/>; 0 when there are none.</summary>
    /// <exception cref="InvalidOperationException">Some are lent: see <see cref="TryLend"/>.</exception>
    public int Read(Span<byte> target, Instant now) => _session.Read(this, target, now);

    /// <summary>
    /// Has what comes next put straight into <paramref name="target"/>, which saves a copy, until <see cref="EndAwait"/>. Only where nothing
    /// can be read; <see cref="YamuxSignals.Readable"/> follows as soon as something has come.
    /// </summary>
    public void Await(Memory<byte> target) => (Awaited, AwaitedBytes) = (target, 0);

    /// <summary>Gives the target of <see cref="Await"/> back, and how many bytes have come there.</summary>
    public int EndAwait()
    {
        int came = AwaitedBytes;
        (Awaited, AwaitedBytes) = (default, 0);
        return came;
    }

    /// <summary>
    /// Gives the next received bytes where they lie, which stay unread until <see cref="EndLend"/> and as they are, even if the stream
    /// ends meanwhile. False when there are none. Nothing else may be read before.
    /// </summary>
    /// <exception cref="InvalidOperationException">Some are lent already.</exception>
    public bool TryLend(out ReadOnlyMemory<byte> bytes)
    {
        if (Received is { IsLent: true })
            throw new InvalidOperationException("One reader at a time.");
        bytes = ReadableBytes > 0 ? Received!.Lend() : default;
        return !bytes.IsEmpty;
    }

    /// <summary>Ends <see cref="TryLend"/>: so many of the bytes were read.</summary>
    public void EndLend(int taken, Instant now) => _session.EndLend(this, taken, now);

    /// <summary>
    /// Takes bytes to be sent. True when all were taken; else the rest stays the caller's, unchanged, until
    /// <see cref="YamuxSignals.Written"/> or <see cref="YamuxSignals.Cut"/>, and nothing else may be written meanwhile.
    /// </summary>
    /// <exception cref="InvalidOperationException">A write is under way, or our direction has ended.</exception>
    public bool Write(ReadOnlyMemory<byte> data) => _session.Write(this, data);

    /// <summary>Ends our direction after what was written; reading goes on.</summary>
    public void CloseWrite() => _session.CloseWrite(this);

    /// <summary>Nothing is read any more: what waits is dropped, and if the remote sends more it is told so by a reset.</summary>
    public void CloseRead(Instant now) => _session.CloseRead(this, now);

    /// <summary>Ends both directions at once and drops what waits.</summary>
    public void Reset() => _session.Reset(this, YamuxCut.ByUs);
}
