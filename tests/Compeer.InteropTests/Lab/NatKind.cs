namespace Compeer.InteropTests.Lab;

/// <summary>What a home router does to the packets of the hosts behind it.</summary>
public enum NatKind
{
    /// <summary>Nothing: the hosts have addresses of the outside network and anybody may send to them.</summary>
    Open,

    /// <summary>
    /// Translates and keeps port numbers where it can (nft "masquerade"): one mapping for all destinations in practice. Lets in
    /// only what answers: address and port must be those that were sent to.
    /// </summary>
    PortKeeping,

    /// <summary>The same, but the port that our programs listen at has another number outside, one for all destinations.</summary>
    PortChanging,

    /// <summary>
    /// Keeps ports, and lets an address that was sent to come in from whatever port it likes (address-dependent filtering): whoever dials
    /// from another port than he listens at gets through such a NAT, once it is opened. One host behind it.
    /// </summary>
    AddressRestricted,

    /// <summary>Translates to a random port for each destination ("masquerade fully-random"), as a symmetric NAT; lets in only what answers.</summary>
    FullyRandom,
}
