namespace Compeer.Protocols.Trackers;

/// <summary>Why a tracker gave no usable answer.</summary>
public enum TrackerFailureKind
{
    /// <summary>The tracker answered with a reason of its own.</summary>
    Refused,

    /// <summary>The answer does not follow the protocol.</summary>
    Malformed,

    /// <summary>The answer is larger than a tracker's answer may be.</summary>
    TooLarge,

    /// <summary>No answer in time.</summary>
    Timeout,

    /// <summary>Name resolution, connection or TLS failed.</summary>
    Unreachable,

    /// <summary>Our own rules forbid the address, the path or the redirect.</summary>
    Forbidden,

    /// <summary>An HTTP status other than 200 without a tracker's answer in it.</summary>
    HttpStatus,

    /// <summary>The address cannot be used as a tracker's: its scheme, host or port.</summary>
    UnusableUrl,
}

/// <summary>
/// A failed announce or scrape. Spec: BEP 3 (failure reason), BEP 31 (retry in).
/// </summary>
/// <param name="Kind">The class of failure.</param>
/// <param name="Message">One sentence for a person; remote text in it is cleaned and cut.</param>
public sealed record TrackerFailure(TrackerFailureKind Kind, string Message)
{
    /// <summary>The tracker's own wish when to be asked again; null when it had none.</summary>
    public TimeSpan? RetryIn { get; init; }

    /// <summary>The tracker asked never to be asked again, or asking again cannot help.</summary>
    public bool IsPermanent { get; init; }
}
