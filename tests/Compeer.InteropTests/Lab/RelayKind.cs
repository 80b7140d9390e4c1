namespace Compeer.InteropTests.Lab;

/// <summary>Whose relay (TURN) is used.</summary>
public enum RelayKind
{
    None,

    Coturn,

    /// <summary>compeer relay.</summary>
    Compeer,
}
