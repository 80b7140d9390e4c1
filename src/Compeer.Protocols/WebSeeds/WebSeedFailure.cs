namespace Compeer.Protocols.WebSeeds;

/// <summary>Why a request to a web seed gave no usable bytes.</summary>
public enum WebSeedFailureKind
{
    /// <summary>Name resolution, connection or TLS failed.</summary>
    Unreachable,

    /// <summary>No answer in time, or too few bytes.</summary>
    TooSlow,

    /// <summary>It broke off.</summary>
    BrokenOff,

    /// <summary>The server asks to be left alone for a while (429, 503).</summary>
    Busy,

    /// <summary>Another status that says nothing about the file.</summary>
    HttpStatus,

    /// <summary>The file is not there, or not for us (401, 403, 404, 410, 451).</summary>
    NotThere,

    /// <summary>The file there has another length (also 416).</summary>
    OtherLength,

    /// <summary>The server gives whole files only, and too much of this one would be thrown away.</summary>
    NoRanges,

    /// <summary>The answer is for another range, in several parts, encoded, or no HTTP.</summary>
    Malformed,

    /// <summary>Our own rules forbid the address or the redirect.</summary>
    Forbidden,
}

/// <summary>A failed request to a web seed.</summary>
/// <param name="Kind">The class of failure.</param>
/// <param name="Message">A clause for a person ("it ...").</param>
public sealed record WebSeedFailure(WebSeedFailureKind Kind, string Message)
{
    /// <summary>The server's wish when to be asked again; null when it had none.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <summary>Asking this seed for anything cannot help.</summary>
    public bool IsPermanent => Kind is WebSeedFailureKind.Forbidden or WebSeedFailureKind.NoRanges;

    /// <summary>The file is of no use, others of the same seed may be.</summary>
    public bool IsAboutFile => Kind is WebSeedFailureKind.NotThere or WebSeedFailureKind.OtherLength;
}
