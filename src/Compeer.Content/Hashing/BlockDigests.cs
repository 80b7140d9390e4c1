using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Compeer.Content.Hashing;

/// <summary>
/// Short digests by which two versions of a block are told apart. Keyed afresh in each process, so that nobody can
/// make two blocks that look the same. Thread-safe.
/// </summary>
internal static class BlockDigests
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);

    public static ulong[] Of(IReadOnlyList<ReadOnlyMemory<byte>> blocks)
    {
        var digests = new ulong[blocks.Count];
        Span<byte> digest = stackalloc byte[32];
        for (int i = 0; i < digests.Length; i++)
        {
            HMACSHA256.HashData(Key, blocks[i].Span, digest);
            digests[i] = MemoryMarshal.Read<ulong>(digest);
        }
        return digests;
    }
}
