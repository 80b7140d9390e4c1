using System.Diagnostics.CodeAnalysis;

namespace Compeer.Formats.Hashing;

/// <summary>
/// One 32-bit word of each of <see cref="Lanes"/> messages side by side: what the rounds of SHA-1 and SHA-256 compute with.
/// One implementation per width of the vector registers.
/// </summary>
internal interface IWords<TSelf>
    where TSelf : unmanaged, IWords<TSelf>
{
    /// <summary>Messages side by side; a multiple of 4 up to 16, or 1.</summary>
    static abstract int Lanes { get; }

    /// <summary><see cref="Majority"/> is one instruction.</summary>
    static abstract bool HasMajority { get; }

    static abstract TSelf operator +(TSelf left, TSelf right);

    static abstract TSelf operator ^(TSelf left, TSelf right);

    static abstract TSelf operator &(TSelf left, TSelf right);

    /// <summary>Bits of <paramref name="ones"/> where the mask is 1, of <paramref name="zeros"/> where it is 0.</summary>
    static abstract TSelf Select(TSelf mask, TSelf ones, TSelf zeros);

    /// <summary>Bits that most of the three have.</summary>
    static abstract TSelf Majority(TSelf a, TSelf b, TSelf c);

    /// <summary>Bits that one or all of the three have.</summary>
    static abstract TSelf Parity(TSelf a, TSelf b, TSelf c);

    static abstract TSelf RotateLeft(TSelf words, [ConstantExpected(Min = 1, Max = 31)] byte count);

    static abstract TSelf ShiftRight(TSelf words, [ConstantExpected(Min = 1, Max = 31)] byte count);

    /// <summary>The same word in every lane.</summary>
    static abstract TSelf Create(uint word);

    /// <summary>
    /// Reads 64 bytes of each lane as sixteen big-endian words and stores the words of one place side by side. All of a lane's bytes are
    /// read at once: lanes whose messages lie a power of two apart would drive each other out of the nearest cache in between.
    /// </summary>
    /// <param name="sources">Where the lanes' blocks lie.</param>
    /// <param name="skip">Bytes from there.</param>
    /// <param name="words">The first of the sixteen places to fill.</param>
    static abstract void Load(ref LaneSources sources, int skip, ref TSelf words);
}
