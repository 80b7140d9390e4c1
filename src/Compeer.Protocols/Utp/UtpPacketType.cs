namespace Compeer.Protocols.Utp;

/// <summary>What a uTP packet is for.</summary>
/// <remarks>Spec: BEP 29, "type".</remarks>
public enum UtpPacketType : byte
{
    /// <summary>Carries payload.</summary>
    Data = 0,

    /// <summary>The last packet of a direction.</summary>
    Fin = 1,

    /// <summary>Acknowledges only.</summary>
    State = 2,

    /// <summary>Ends the connection at once.</summary>
    Reset = 3,

    /// <summary>Asks for a connection.</summary>
    Syn = 4,
}
