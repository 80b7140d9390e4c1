using System.Buffers.Binary;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.SetReconciliation;

/// <summary>A sum of ids modulo 2^256, as little-endian numbers. Sums of ranges are differences of sums from the beginning.</summary>
internal readonly record struct IdSum(UInt128 Low, UInt128 High)
{
    public static IdSum Of(Sha256Hash id) =>
        new(BinaryPrimitives.ReadUInt128LittleEndian(id.AsSpan()), BinaryPrimitives.ReadUInt128LittleEndian(id.AsSpan()[16..]));

    public static IdSum operator +(IdSum a, IdSum b)
    {
        UInt128 low = unchecked(a.Low + b.Low);
        return new IdSum(low, unchecked(a.High + b.High + (low < a.Low ? UInt128.One : UInt128.Zero)));
    }

    public static IdSum operator -(IdSum a, IdSum b) =>
        new(unchecked(a.Low - b.Low), unchecked(a.High - b.High - (a.Low < b.Low ? UInt128.One : UInt128.Zero)));

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt128LittleEndian(bytes, Low);
        BinaryPrimitives.WriteUInt128LittleEndian(bytes[16..], High);
    }
}
