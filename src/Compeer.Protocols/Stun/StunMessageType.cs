namespace Compeer.Protocols.Stun;

/// <summary>What a message is about. Spec: RFC 8489 section 18.2, RFC 8656 section 17.</summary>
public enum StunMethod
{
    Binding = 0x001,
    Allocate = 0x003,
    Refresh = 0x004,
    Send = 0x006,
    Data = 0x007,
    CreatePermission = 0x008,
    ChannelBind = 0x009,
}

/// <summary>The part a message plays. Spec: RFC 8489 section 5.</summary>
public enum StunClass
{
    Request = 0,
    Indication = 1,
    Success = 2,
    Error = 3,
}
