namespace Compeer.Protocols.Stun;

/// <summary>Times of a request over UDP. Spec: RFC 8489 section 6.2.1.</summary>
public sealed record StunTransactionOptions
{
    /// <summary>The wait after the first sending (RTO); it doubles with each further one.</summary>
    public TimeSpan InitialTimeout { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Sendings before giving up (Rc), 1 to 10.</summary>
    public int MaxSends { get; init; } = 7;

    /// <summary>The wait after the last sending, in units of <see cref="InitialTimeout"/> (Rm).</summary>
    public int LastWaitFactor { get; init; } = 16;

    /// <summary>For questions whose answer may well be silence: 3 sendings, over after 3.5 s.</summary>
    public static StunTransactionOptions Brief { get; } = new() { MaxSends = 3, LastWaitFactor = 4 };
}
