namespace Compeer.Protocols.Picking;

/// <summary>Values of the piece picker. Worst-case memory: 20 bytes a piece, and 13 a block of the partial pieces.</summary>
public sealed record PickerOptions
{
    /// <summary>Pieces that are picked at random before rarest-first begins, so that there is soon something to give.</summary>
    public int RandomFirst { get; init; } = 4;

    /// <summary>Pieces begun and not complete, beyond which new ones are begun only for deadlines.</summary>
    public int MaxPartialPieces { get; init; } = 512;

    /// <summary>Bytes of pieces begun and not complete, beyond which new ones are not begun while old ones have free blocks.</summary>
    public long MaxPartialBytes { get; init; } = 64 << 20;
}
