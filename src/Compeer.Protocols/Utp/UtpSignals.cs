namespace Compeer.Protocols.Utp;

/// <summary>What has changed on a connection since its owner last looked.</summary>
[Flags]
public enum UtpSignals
{
    None = 0,

    /// <summary>The remote has accepted.</summary>
    Connected = 1,

    /// <summary>There is something to read, or the end.</summary>
    Readable = 2,

    /// <summary>There is room again after a write that took only a part.</summary>
    Writable = 4,

    /// <summary>The connection is over.</summary>
    Closed = 8,

    /// <summary>An incoming connection whose initiator has proved its address.</summary>
    Accepted = 16,
}
