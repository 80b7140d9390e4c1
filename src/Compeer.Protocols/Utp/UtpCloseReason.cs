namespace Compeer.Protocols.Utp;

/// <summary>Why a connection is over.</summary>
public enum UtpCloseReason
{
    /// <summary>It is not over.</summary>
    None,

    /// <summary>Both sides have ended it and everything arrived.</summary>
    Finished,

    /// <summary>The remote never answered.</summary>
    NoAnswer,

    /// <summary>The remote answered no longer.</summary>
    TimedOut,

    /// <summary>The remote ended it at once, or does not know it.</summary>
    Reset,

    /// <summary>We ended it at once.</summary>
    Aborted,
}
