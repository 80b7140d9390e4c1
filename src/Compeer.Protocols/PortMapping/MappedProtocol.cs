namespace Compeer.Protocols.PortMapping;

/// <summary>The transport protocol of a mapping; the values are IANA's protocol numbers. Spec: RFC 6887 section 11.1.</summary>
public enum MappedProtocol : byte
{
    Tcp = 6,
    Udp = 17,
}
