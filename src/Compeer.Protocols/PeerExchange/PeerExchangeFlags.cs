namespace Compeer.Protocols.PeerExchange;

/// <summary>What a peer says of another one; only its word. Spec: BEP 11.</summary>
[Flags]
public enum PeerExchangeFlags
{
    /// <summary>Nothing is said.</summary>
    None = 0,

    /// <summary>It would rather talk in an encrypted stream.</summary>
    PrefersEncryption = 0x01,

    /// <summary>It only gives: a seed, or a partial seed.</summary>
    Seed = 0x02,

    /// <summary>It speaks uTP.</summary>
    SupportsUtp = 0x04,

    /// <summary>It speaks ut_holepunch.</summary>
    SupportsHolePunch = 0x08,

    /// <summary>Whoever tells of it has dialled it, so it can be reached.</summary>
    Reachable = 0x10,
}
