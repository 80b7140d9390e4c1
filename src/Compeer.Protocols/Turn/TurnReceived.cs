namespace Compeer.Protocols.Turn;

/// <summary>What a datagram was to a relay's client.</summary>
public enum TurnReceived
{
    /// <summary>Not for the client: another user of the port may take it.</summary>
    NotMine,

    /// <summary>Dealt with.</summary>
    Taken,

    /// <summary>A peer's datagram that the relay passed on.</summary>
    Data,
}
