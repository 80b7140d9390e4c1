namespace Compeer.Protocols.Kademlia;

/// <summary>A contact in a routing table; it has answered us at least once.</summary>
public struct RoutingEntry<TKey, TContact>
{
    /// <summary>Its key.</summary>
    public TKey Key { get; set; }

    /// <summary>Where it is.</summary>
    public TContact Contact { get; set; }

    /// <summary>When it last answered.</summary>
    public Instant LastReply { get; set; }

    /// <summary>When it was last asked whether it is alive.</summary>
    public Instant LastProbe { get; set; }

    /// <summary>Round trip time in milliseconds, smoothed; 0 when unknown.</summary>
    public ushort RoundTripMilliseconds { get; set; }

    /// <summary>Questions in a row that it did not answer.</summary>
    public byte Failures { get; set; }

    /// <summary>See <see cref="IRoutingPolicy{TKey,TContact}.IsPreferred"/>.</summary>
    public bool IsPreferred { get; set; }
}
