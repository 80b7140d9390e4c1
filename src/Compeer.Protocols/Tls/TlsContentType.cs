namespace Compeer.Protocols.Tls;

/// <summary>What a record carries. The numbers are those of the wire. Spec: RFC 8446, section 5.1.</summary>
public enum TlsContentType
{
    /// <summary>An alert: its level and what it tells.</summary>
    Alert = 21,

    /// <summary>Handshake messages, or parts of them.</summary>
    Handshake = 22,

    /// <summary>Application data; every sealed record looks like it from outside.</summary>
    ApplicationData = 23,
}
