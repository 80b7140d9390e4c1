namespace Compeer.Protocols.Kademlia;

/// <summary>What a routing table did with a contact that answered.</summary>
public enum Admission
{
    /// <summary>It is new in the table.</summary>
    Admitted,

    /// <summary>It was there and is refreshed.</summary>
    Known,

    /// <summary>Its bucket is full of contacts that are no worse; the one that was silent longest should be asked whether it lives.</summary>
    Full,

    /// <summary>It may not be in the table: our own key, a second contact of a host, or one host too many of a network.</summary>
    Rejected,
}
