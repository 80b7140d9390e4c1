using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Compeer.Formats.Hashing;

/// <summary>The states of the lanes: one element for each word of the state, which holds that word of every lane.</summary>
internal readonly ref struct LaneState<TWords>(Span<TWords> words)
    where TWords : unmanaged, IWords<TWords>
{
    private readonly Span<uint> _words = MemoryMarshal.Cast<TWords, uint>(words);

    /// <summary>A new message begins in a lane.</summary>
    public void Begin(int lane, ReadOnlySpan<uint> initial)
    {
        for (int i = 0; i < initial.Length; i++)
            _words[(i * TWords.Lanes) + lane] = initial[i];
    }

    /// <summary>Writes a lane's digest to the front of <paramref name="digest"/>.</summary>
    public void End(int lane, Span<byte> digest)
    {
        for (int i = 0; i < _words.Length / TWords.Lanes; i++)
            BinaryPrimitives.WriteUInt32BigEndian(digest[(i * sizeof(uint))..], _words[(i * TWords.Lanes) + lane]);
    }
}
