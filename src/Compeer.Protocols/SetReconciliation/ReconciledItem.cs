using Compeer.Formats.Hashing;

namespace Compeer.Protocols.SetReconciliation;

/// <summary>An item of a set that is reconciled: in the order of time, then of id.</summary>
/// <param name="Timestamp">Any number that grows with time, the same at every holder; not <see cref="ulong.MaxValue"/>.</param>
/// <param name="Id">The hash of the item.</param>
public readonly record struct ReconciledItem(ulong Timestamp, Sha256Hash Id) : IComparable<ReconciledItem>
{
    public int CompareTo(ReconciledItem other) =>
        Timestamp != other.Timestamp ? Timestamp.CompareTo(other.Timestamp) : Id.CompareTo(other.Id);

    public static bool operator <(ReconciledItem left, ReconciledItem right) => left.CompareTo(right) < 0;

    public static bool operator >(ReconciledItem left, ReconciledItem right) => left.CompareTo(right) > 0;

    public static bool operator <=(ReconciledItem left, ReconciledItem right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ReconciledItem left, ReconciledItem right) => left.CompareTo(right) >= 0;
}
