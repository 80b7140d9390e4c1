using System.Buffers.Binary;
using System.Numerics;

namespace Compeer.Protocols.PeerWire;

/// <summary>Which pieces somebody has. Single-threaded.</summary>
public sealed class PieceSet
{
    private readonly ulong[] _words;

    /// <param name="length">Pieces of the torrent.</param>
    public PieceSet(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        Length = length;
        _words = new ulong[(length + 63) / 64];
    }

    /// <summary>Pieces of the torrent.</summary>
    public int Length { get; }

    /// <summary>Pieces in the set.</summary>
    public int Count { get; private set; }

    /// <summary>Every piece is in the set.</summary>
    public bool IsComplete => Count == Length;

    /// <summary>Bytes of the set as a bitfield.</summary>
    public int BitfieldBytes => (Length + 7) / 8;

    /// <summary>The set as bits, the first piece in the lowest bit of the first word; spare bits are 0. A view: it changes with the set.</summary>
    public ReadOnlySpan<ulong> Words => _words;

    /// <summary>Whether a piece of the torrent is in the set.</summary>
    public bool this[int piece] => (_words[piece >> 6] >> (piece & 63) & 1) != 0;

    /// <summary>Adds a piece; false when it was there.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The torrent has no such piece.</exception>
    public bool Add(int piece)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)piece, (uint)Length, nameof(piece));
        if (this[piece])
            return false;
        _words[piece >> 6] |= 1UL << (piece & 63);
        Count++;
        return true;
    }

    /// <summary>Removes a piece; false when it was not there.</summary>
    public bool Remove(int piece)
    {
        if (!this[piece])
            return false;
        _words[piece >> 6] &= ~(1UL << (piece & 63));
        Count--;
        return true;
    }

    /// <summary>Adds every piece.</summary>
    public void AddAll()
    {
        Array.Fill(_words, ulong.MaxValue);
        if (Length % 64 != 0)
            _words[^1] = (1UL << Length % 64) - 1;
        Count = Length;
    }

    /// <summary>Removes every piece.</summary>
    public void Clear()
    {
        Array.Clear(_words);
        Count = 0;
    }

    /// <summary>Whether some piece is here and not in <paramref name="other"/>, which is of the same torrent.</summary>
    public bool HasAnyMissingFrom(PieceSet other)
    {
        for (int i = 0; i < _words.Length; i++)
        {
            if ((_words[i] & ~other._words[i]) != 0)
                return true;
        }
        return false;
    }

    /// <summary>The first piece at or behind <paramref name="from"/> that is here and not in <paramref name="other"/>, or -1.</summary>
    public int NextMissingFrom(PieceSet other, int from)
    {
        for (int i = from >> 6; i < _words.Length; i++)
        {
            ulong missing = _words[i] & ~other._words[i];
            if (i == from >> 6)
                missing &= ulong.MaxValue << (from & 63);
            if (missing != 0)
                return i * 64 + BitOperations.TrailingZeroCount(missing);
        }
        return -1;
    }

    /// <summary>Whether some piece is in both.</summary>
    public bool Overlaps(PieceSet other)
    {
        for (int i = 0; i < _words.Length; i++)
        {
            if ((_words[i] & other._words[i]) != 0)
                return true;
        }
        return false;
    }

    /// <summary>Reads a bitfield: first piece in the highest bit; false when its length is wrong or a spare bit is set.</summary>
    public bool TryReadBitfield(ReadOnlySpan<byte> bitfield)
    {
        if (bitfield.Length != BitfieldBytes || (Length % 8 != 0 && (bitfield[^1] & 0xFF >> Length % 8) != 0))
            return false;
        Clear();
        Span<byte> word = stackalloc byte[8];
        for (int i = 0; i < _words.Length; i++)
        {
            ReadOnlySpan<byte> part = bitfield[(i * 8)..];
            word.Clear();
            part[..Math.Min(8, part.Length)].CopyTo(word);
            _words[i] = Reverse(BinaryPrimitives.ReadUInt64BigEndian(word));
            Count += BitOperations.PopCount(_words[i]);
        }
        return true;
    }

    /// <summary>Writes <see cref="BitfieldBytes"/> bytes.</summary>
    public void WriteBitfield(Span<byte> target)
    {
        Span<byte> word = stackalloc byte[8];
        for (int i = 0; i < _words.Length; i++)
        {
            BinaryPrimitives.WriteUInt64BigEndian(word, Reverse(_words[i]));
            word[..Math.Min(8, BitfieldBytes - i * 8)].CopyTo(target[(i * 8)..]);
        }
    }

    private static ulong Reverse(ulong bits)
    {
        bits = bits >> 1 & 0x5555555555555555 | (bits & 0x5555555555555555) << 1;
        bits = bits >> 2 & 0x3333333333333333 | (bits & 0x3333333333333333) << 2;
        bits = bits >> 4 & 0x0F0F0F0F0F0F0F0F | (bits & 0x0F0F0F0F0F0F0F0F) << 4;
        return BinaryPrimitives.ReverseEndianness(bits);
    }
}
