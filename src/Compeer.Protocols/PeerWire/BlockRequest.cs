namespace Compeer.Protocols.PeerWire;

/// <summary>A block that is asked for, cancelled or refused.</summary>
/// <param name="Index">Piece.</param>
/// <param name="Begin">First byte within the piece.</param>
/// <param name="Length">Bytes.</param>
public readonly record struct BlockRequest(int Index, int Begin, int Length)
{
    /// <summary>Length of a whole block.</summary>
    public const int BlockBytes = 16 * 1024;
}
