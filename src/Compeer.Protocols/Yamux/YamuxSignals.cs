namespace Compeer.Protocols.Yamux;

/// <summary>What has changed on a stream since its owner last looked.</summary>
[Flags]
public enum YamuxSignals
{
    None = 0,

    /// <summary>The remote opened it.</summary>
    Opened = 1,

    /// <summary>There is something to read, or the end.</summary>
    Readable = 2,

    /// <summary>All that was written has been taken.</summary>
    Written = 4,

    /// <summary>The stream was cut off: see <see cref="YamuxStream.Cut"/>.</summary>
    Cut = 8,
}

/// <summary>Why a stream ended before both sides had said all.</summary>
public enum YamuxCut
{
    None,

    /// <summary>We reset it.</summary>
    ByUs,

    /// <summary>The remote reset it.</summary>
    ByRemote,

    /// <summary>The session is over.</summary>
    SessionOver,

    /// <summary>Too much lay unread in the session.</summary>
    Unread,
}

/// <summary>Why a session is over.</summary>
public enum YamuxEnd
{
    None,

    /// <summary>We closed it.</summary>
    ByUs,

    /// <summary>The remote closed it in order.</summary>
    ByRemote,

    /// <summary>The remote closed it because of an error.</summary>
    RemoteError,

    /// <summary>The remote broke the protocol.</summary>
    ProtocolError,

    /// <summary>The remote provokes answers and does not take them.</summary>
    Flood,

    /// <summary>Nothing came from the remote for too long.</summary>
    NoAnswer,

    /// <summary>What carried the session is gone.</summary>
    Lost,
}
