using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Compeer.Formats.Hashing;

/// <summary>One message at a time by the system's own SHA, which uses the processor's SHA instructions where it has them.</summary>
internal sealed class SingleLane : IHashLanes
{
    public int Lanes => 1;

    public void Sha1(ReadOnlySpan<IReadOnlyList<ReadOnlyMemory<byte>>> messages, Span<Sha1Hash> digests)
    {
        if (digests.Length < messages.Length)
            throw new ArgumentException("There are fewer digests than messages.", nameof(digests));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        for (int i = 0; i < messages.Length; i++)
        {
            for (int part = 0; part < messages[i].Count; part++)
                hash.AppendData(messages[i][part].Span);
            hash.GetHashAndReset(digests[i]);
        }
    }

    public void Sha256(ReadOnlySpan<ReadOnlyMemory<byte>> messages, Span<Sha256Hash> digests)
    {
        if (digests.Length < messages.Length)
            throw new ArgumentException("There are fewer digests than messages.", nameof(digests));
        for (int i = 0; i < messages.Length; i++)
            SHA256.HashData(messages[i].Span, digests[i]);
    }

    public void Sha256Pairs(ReadOnlySpan<Sha256Hash> children, Span<Sha256Hash> parents)
    {
        if (children.Length % 2 != 0 || parents.Length < children.Length / 2)
            throw new ArgumentException("A layer has an even number of children and half as many parents.", nameof(children));
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(children);
        for (int i = 0; i < children.Length / 2; i++)
        {
            Sha256Hash parent = default;
            SHA256.HashData(bytes.Slice(i * 2 * Sha256Hash.LengthBytes, 2 * Sha256Hash.LengthBytes), parent);
            parents[i] = parent;
        }
    }
}
