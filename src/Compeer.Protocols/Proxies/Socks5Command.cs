namespace Compeer.Protocols.Proxies;

/// <summary>What is asked of a SOCKS proxy. Spec: RFC 1928 section 4.</summary>
public enum Socks5Command : byte
{
    /// <summary>A TCP connection to a target.</summary>
    Connect = 1,

    /// <summary>A relay for datagrams.</summary>
    UdpAssociate = 3,
}
