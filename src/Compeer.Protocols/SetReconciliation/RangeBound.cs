using System.Buffers;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.SetReconciliation;

/// <summary>The end of a range, itself outside of it: a time and as much of an id as tells two neighbours apart.</summary>
/// <remarks>Spec: Negentropy protocol v1, "Bound". <code>[timestamp: varint, 0 for the end, else 1 + what it is later][length: varint][id prefix]</code></remarks>
internal readonly record struct RangeBound(ReconciledItem At, int PrefixLength)
{
    public static RangeBound Infinity => new(new ReconciledItem(ulong.MaxValue, default), 0);

    /// <summary>The shortest bound between two neighbours.</summary>
    public static RangeBound Between(in ReconciledItem before, in ReconciledItem after)
    {
        if (before.Timestamp != after.Timestamp)
            return new RangeBound(new ReconciledItem(after.Timestamp, default), 0);
        Sha256Hash left = before.Id, right = after.Id;
        int length = left.AsSpan().CommonPrefixLength(right.AsSpan()) + 1;
        Span<byte> prefix = stackalloc byte[Sha256Hash.LengthBytes];
        prefix.Clear();
        right.AsSpan()[..length].CopyTo(prefix);
        return new RangeBound(new ReconciledItem(after.Timestamp, new Sha256Hash(prefix)), length);
    }

    /// <summary>Whether an item lies before it.</summary>
    public bool IsAfter(in ReconciledItem item) => item.CompareTo(At) < 0;

    public int Write(IBufferWriter<byte> output, ref ulong lastTimestamp)
    {
        Span<byte> bytes = output.GetSpan((2 * Base128.MaxBytes) + Sha256Hash.LengthBytes);
        int length = Base128.Write(At.Timestamp == ulong.MaxValue ? 0 : At.Timestamp - lastTimestamp + 1, bytes);
        lastTimestamp = At.Timestamp;
        length += Base128.Write((ulong)PrefixLength, bytes[length..]);
        Sha256Hash id = At.Id;
        id.AsSpan()[..PrefixLength].CopyTo(bytes[length..]);
        output.Advance(length + PrefixLength);
        return length + PrefixLength;
    }

    public static bool TryRead(ref ReadOnlySpan<byte> bytes, ref ulong lastTimestamp, out RangeBound bound)
    {
        bound = default;
        if (!Base128.TryRead(ref bytes, out ulong later) || !Base128.TryRead(ref bytes, out ulong length) || length > Sha256Hash.LengthBytes || (ulong)bytes.Length < length)
            return false;
        ulong timestamp = later == 0 ? ulong.MaxValue : unchecked(lastTimestamp + later - 1);
        if (timestamp < lastTimestamp)
            return false;
        lastTimestamp = timestamp;
        Span<byte> prefix = stackalloc byte[Sha256Hash.LengthBytes];
        prefix.Clear();
        bytes[..(int)length].CopyTo(prefix);
        bytes = bytes[(int)length..];
        bound = new RangeBound(new ReconciledItem(timestamp, new Sha256Hash(prefix)), (int)length);
        return true;
    }
}
