using System.Numerics;

namespace Compeer.Formats.Merkle;

/// <summary>
/// Which hashes of a file's tree a peer asks for: <paramref name="Length"/> neighbours of a layer, and the uncles that
/// prove them up to some ancestor.
/// </summary>
/// <remarks>Spec: BEP 52, "hash request".</remarks>
/// <param name="BaseLayer">Layer of the hashes; 0 is the leaves.</param>
/// <param name="Index">First hash within the layer; a multiple of <paramref name="Length"/>.</param>
/// <param name="Length">Hashes; a power of two, 2..512.</param>
/// <param name="ProofLayers">Ancestor layers to prove, counted from the one above the base.</param>
public readonly record struct HashRange(int BaseLayer, int Index, int Length, int ProofLayers)
{
    /// <summary>Largest length asked for or answered.</summary>
    public const int MaxLength = 512;

    /// <summary>The fields are possible at all, whatever the file.</summary>
    public bool IsWellFormed =>
        BaseLayer is >= 0 and < 32 && ProofLayers is >= 0 and < 48
        && Length is >= 2 and <= MaxLength && BitOperations.IsPow2(Length) && Index >= 0 && Index % Length == 0;

    /// <summary>Layers from the base to the one hash over the whole range.</summary>
    public int RangeHeight => BitOperations.Log2((uint)Length);

    /// <summary>Uncle hashes that follow the base hashes in an answer: what the range proves by itself is left out.</summary>
    public int UncleCount => Math.Max(0, ProofLayers - (RangeHeight - 1));

    /// <summary>The request for a range that is proved up to the root of a tree of this height (layers from leaves to root).</summary>
    public static HashRange ToRoot(int baseLayer, int index, int length, int treeHeight) =>
        new(baseLayer, index, length, Math.Max(0, treeHeight - baseLayer - 1));
}
