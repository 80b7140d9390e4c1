namespace Compeer.Protocols.Stun;

/// <summary>
/// Attributes by number; below 0x8000 a receiver has to understand them.
/// Spec: RFC 8489 section 18.3, RFC 8656 section 18, RFC 5780 section 7.
/// </summary>
public enum StunAttributeType
{
    MappedAddress = 0x0001,
    ChangeRequest = 0x0003,
    Username = 0x0006,
    MessageIntegrity = 0x0008,
    ErrorCode = 0x0009,
    UnknownAttributes = 0x000A,
    ChannelNumber = 0x000C,
    Lifetime = 0x000D,
    XorPeerAddress = 0x0012,
    Data = 0x0013,
    Realm = 0x0014,
    Nonce = 0x0015,
    XorRelayedAddress = 0x0016,
    RequestedAddressFamily = 0x0017,
    EvenPort = 0x0018,
    RequestedTransport = 0x0019,
    DontFragment = 0x001A,
    MessageIntegritySha256 = 0x001C,
    UserHash = 0x001E,
    XorMappedAddress = 0x0020,
    ReservationToken = 0x0022,
    Software = 0x8022,
    Fingerprint = 0x8028,
    ResponseOrigin = 0x802B,
    OtherAddress = 0x802C,
}
