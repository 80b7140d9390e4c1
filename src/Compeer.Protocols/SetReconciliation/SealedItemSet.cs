using Compeer.Formats.Hashing;

namespace Compeer.Protocols.SetReconciliation;

/// <summary>A set at one moment, in order, with which the fingerprint of any range takes the same short time. Immutable; about 72 bytes an item.</summary>
public sealed class SealedItemSet
{
    /// <summary>Length of a fingerprint in bytes.</summary>
    public const int FingerprintBytes = 16;

    private readonly ReconciledItem[] _items;

    /// <summary>The sum of the ids before each place.</summary>
    private readonly IdSum[] _sums;

    /// <summary>Sorts the items; one that is given twice counts once.</summary>
    /// <exception cref="ArgumentException">A timestamp is <see cref="ulong.MaxValue"/>.</exception>
    public SealedItemSet(IEnumerable<ReconciledItem> items)
    {
        ReconciledItem[] sorted = [.. items];
        Array.Sort(sorted);
        int count = 0;
        foreach (ReconciledItem item in sorted)
        {
            if (count == 0 || sorted[count - 1] != item)
                sorted[count++] = item;
        }
        if (count > 0 && sorted[count - 1].Timestamp == ulong.MaxValue)
            throw new ArgumentException($"{ulong.MaxValue} stands for the end of time and cannot be an item's.", nameof(items));
        _items = count == sorted.Length ? sorted : sorted[..count];
        _sums = new IdSum[count + 1];
        for (int i = 0; i < count; i++)
            _sums[i + 1] = _sums[i] + IdSum.Of(_items[i].Id);
    }

    /// <summary>Items.</summary>
    public int Count => _items.Length;

    /// <summary>An item by its place.</summary>
    public ReconciledItem this[int index] => _items[index];

    /// <summary>The first place from <paramref name="from"/> on whose item is not before a bound.</summary>
    internal int LowerBound(int from, in RangeBound bound)
    {
        int low = from, high = Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (bound.IsAfter(_items[middle]))
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    /// <summary>Writes the fingerprint of a range: the start of a hash of the sum of the ids and their number.</summary>
    /// <remarks>Spec: Negentropy protocol v1, "Fingerprint Algorithm".</remarks>
    public void Fingerprint(int from, int until, Span<byte> fingerprint)
    {
        Span<byte> hashed = stackalloc byte[Sha256Hash.LengthBytes + Base128.MaxBytes];
        (_sums[until] - _sums[from]).Write(hashed);
        int length = Sha256Hash.LengthBytes + Base128.Write((ulong)(until - from), hashed[Sha256Hash.LengthBytes..]);
        Sha256Hash.Of(hashed[..length]).AsSpan()[..FingerprintBytes].CopyTo(fingerprint);
    }
}
