namespace Compeer.Protocols.Connecting;

/// <summary>Why an address was not taken into the book.</summary>
public enum PeerRefusal
{
    /// <summary>It was taken, or was there already.</summary>
    None,

    /// <summary>Nobody can be at such an address, or the port is 0.</summary>
    Impossible,

    /// <summary>It is our own.</summary>
    Ourselves,

    /// <summary>It is banned.</summary>
    Banned,

    /// <summary>An address of a local network, or of this machine, told by somebody further away.</summary>
    LocalFromStranger,

    /// <summary>Too many ports of one address are known.</summary>
    TooManyPorts,

    /// <summary>Too many addresses of one network are known.</summary>
    TooManyInPrefix,

    /// <summary>The book is full of better ones.</summary>
    Full,

    /// <summary>The torrent is private, and its tracker did not name it.</summary>
    Private,
}

/// <summary>Refusals in words.</summary>
public static class PeerRefusals
{
    /// <summary>One clause about the address.</summary>
    public static string Describe(this PeerRefusal refusal) => refusal switch
    {
        PeerRefusal.None => "taken",
        PeerRefusal.Impossible => "no peer can be there",
        PeerRefusal.Ourselves => "it is this program itself",
        PeerRefusal.Banned => "banned",
        PeerRefusal.LocalFromStranger => "LAN address from a stranger",
        PeerRefusal.TooManyPorts => "too many ports of one address",
        PeerRefusal.TooManyInPrefix => "too many addresses of one network",
        PeerRefusal.Full => "no room",
        _ => "not named by the tracker of this private torrent",
    };
}
