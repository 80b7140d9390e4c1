using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Compeer.Formats.Hashing;

/// <summary>One lane in plain C#: the reference for the vectors, and slow.</summary>
internal readonly struct Words1(uint value) : IWords<Words1>
{
    private readonly uint _value = value;

    public static int Lanes => 1;

    public static bool HasMajority => false;

    public static Words1 operator +(Words1 left, Words1 right) => new(left._value + right._value);

    public static Words1 operator ^(Words1 left, Words1 right) => new(left._value ^ right._value);

    public static Words1 operator &(Words1 left, Words1 right) => new(left._value & right._value);

    public static Words1 Select(Words1 mask, Words1 ones, Words1 zeros) => new((mask._value & ones._value) | (~mask._value & zeros._value));

    public static Words1 Majority(Words1 a, Words1 b, Words1 c) => new((a._value & (b._value ^ c._value)) ^ (b._value & c._value));

    public static Words1 Parity(Words1 a, Words1 b, Words1 c) => a ^ (b ^ c);

    public static Words1 RotateLeft(Words1 words, [ConstantExpected(Min = 1, Max = 31)] byte count) => new(BitOperations.RotateLeft(words._value, count));

    public static Words1 ShiftRight(Words1 words, [ConstantExpected(Min = 1, Max = 31)] byte count) => new(words._value >> count);

    public static Words1 Create(uint word) => new(word);

    public static void Load(ref LaneSources sources, int skip, ref Words1 words)
    {
        ReadOnlySpan<byte> row = MemoryMarshal.CreateReadOnlySpan(ref Unsafe.Add(ref sources.Lane0, skip), MessageBlocks.BlockBytes);
        for (int i = 0; i < 16; i++)
            Unsafe.Add(ref words, i) = new(BinaryPrimitives.ReadUInt32BigEndian(row[(4 * i)..]));
    }
}
