using Compeer.Formats.Hashing;

namespace Compeer.Content.Hashing;

/// <summary>What <see cref="PieceScanner"/> reads and whom it tells. Called by several threads at once, for different pieces.</summary>
internal interface IHashedPieces
{
    /// <summary>Number of pieces.</summary>
    int Count { get; }

    /// <summary>Bytes of a piece that lie in files, and with the padding behind them, which v1 hashes too.</summary>
    (int Data, int Padded) LengthsOf(int piece);

    /// <summary>Fills <paramref name="target"/> from <paramref name="begin"/> of a piece's data; false leaves the rest of the piece out.</summary>
    bool TryRead(int piece, int begin, Memory<byte> target);

    /// <summary>The hashes of a piece that was read.</summary>
    /// <param name="piece">The piece.</param>
    /// <param name="sha1">Over the padded piece; zero when not asked for.</param>
    /// <param name="leaves">SHA-256 of each 16 KiB of the data; empty when not asked for.</param>
    void Take(int piece, Sha1Hash sha1, ReadOnlySpan<Sha256Hash> leaves);
}
