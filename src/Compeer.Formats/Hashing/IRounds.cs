namespace Compeer.Formats.Hashing;

/// <summary>A hash function's compression, over as many messages at once as the words have lanes.</summary>
internal interface IRounds<TWords>
    where TWords : unmanaged, IWords<TWords>
{
    /// <summary>The state before the first block, and so its size in words.</summary>
    static abstract ReadOnlySpan<uint> Initial { get; }

    /// <summary>Works consecutive 64-byte blocks of every lane into the state.</summary>
    /// <param name="state">One element for each word of the state.</param>
    /// <param name="sources">Where the first block of each lane lies, and the others behind it.</param>
    /// <param name="blocks">Blocks of each lane.</param>
    static abstract void Compress(Span<TWords> state, ref LaneSources sources, int blocks);
}
