namespace Compeer.Content.Hashing;

/// <summary>Gets pieces that were compared with their hashes.</summary>
internal interface IHashedPieceTaker
{
    /// <summary>Called on the thread that hashed, in whose cache the pieces may still be. Must not throw, nor keep the list.</summary>
    /// <param name="pieces">Pieces of one torrent that were hashed together, in the order in which they came.</param>
    void Take(List<WholePiece> pieces);
}
