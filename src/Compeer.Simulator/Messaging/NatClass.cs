namespace Compeer.Simulator.Messaging;

/// <summary>Who can open a connection to a node. Once one is open, messages go both ways.</summary>
public enum NatClass
{
    /// <summary>Everybody.</summary>
    Open,

    /// <summary>Nobody, but that holes can be punched from and to others of this class.</summary>
    PortKeeping,

    /// <summary>Nobody at all.</summary>
    Symmetric,
}
