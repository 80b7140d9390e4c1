using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using Compeer.Formats.Hashing;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.NeighbourSearch;

/// <summary>
/// What a node shares, as a Bloom filter that its neighbours keep: a question that finds no place in it need not be passed on.
/// It may say "perhaps" of what is not shared, never "no" of what is.
/// </summary>
/// <remarks>Spec: Gnutella query routing protocol (Rohrs 2002); Bloom (1970). Several bits an item instead of one, for smaller tables.</remarks>
public sealed class QueryRoutingTable
{
    /// <summary>Largest table that is taken from a neighbour, in bits: 8 KiB.</summary>
    public const int MaxBits = 1 << 16;

    private const int Probes = 4;

    private readonly ulong[] _words;

    /// <param name="bits">A power of two from 64 to <see cref="MaxBits"/>; 16 an item make one "perhaps" in 400 wrong.</param>
    public QueryRoutingTable(int bits)
    {
        if (bits is < 64 or > MaxBits || !BitOperations.IsPow2(bits))
            throw new ArgumentException($"A table has a power of two from 64 to {MaxBits} bits, not {bits}.", nameof(bits));
        _words = new ulong[bits / 64];
    }

    /// <summary>Its length.</summary>
    public int Bits => _words.Length * 64;

    /// <summary>Notes something that is shared.</summary>
    public void Add(ulong item)
    {
        for (int probe = 0; probe < Probes; probe++)
        {
            int bit = BitOf(item, probe);
            _words[bit >> 6] |= 1UL << bit;
        }
    }

    /// <summary>Whether something may be shared.</summary>
    public bool MayHave(ulong item)
    {
        for (int probe = 0; probe < Probes; probe++)
        {
            int bit = BitOf(item, probe);
            if ((_words[bit >> 6] & (1UL << bit)) == 0)
                return false;
        }
        return true;
    }

    /// <summary>Its bits, eight a byte, the lowest first.</summary>
    public byte[] ToBytes()
    {
        byte[] bytes = new byte[Bits / 8];
        for (int i = 0; i < _words.Length; i++)
            BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(i * sizeof(ulong)), _words[i]);
        return bytes;
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote; false where the length is not one that tables have.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out QueryRoutingTable? table)
    {
        table = null;
        if (bytes.Length is < 64 / 8 or > MaxBits / 8 || !BitOperations.IsPow2(bytes.Length))
            return false;
        table = new QueryRoutingTable(bytes.Length * 8);
        for (int i = 0; i < table._words.Length; i++)
            table._words[i] = BinaryPrimitives.ReadUInt64LittleEndian(bytes[(i * sizeof(ulong))..]);
        return true;
    }

    internal ulong Digest
    {
        get
        {
            var sum = new MessageDigest((ulong)Bits);
            foreach (ulong word in _words)
                sum = sum.Add(word);
            return sum.Value;
        }
    }

    private int BitOf(ulong item, int probe) => (int)(SplitMix64.Mix(item + ((ulong)probe * SplitMix64.Increment)) & (uint)(Bits - 1));
}
