namespace Compeer.Protocols;

/// <summary>A point on a monotonic clock that is passed in, never read: real time under sockets, virtual time in a simulation.</summary>
/// <param name="Ticks">Units of 100 ns since an origin that only the clock's owner knows.</param>
public readonly record struct Instant(long Ticks) : IComparable<Instant>
{
    /// <summary>The clock's origin.</summary>
    public static Instant Zero => default;

    /// <summary>Later than every instant a clock can show.</summary>
    public static Instant Never => new(long.MaxValue);

    public int CompareTo(Instant other) => Ticks.CompareTo(other.Ticks);

    /// <summary>The earlier of the two.</summary>
    public static Instant Min(Instant a, Instant b) => a.Ticks <= b.Ticks ? a : b;

    /// <summary>This instant later by <paramref name="span"/>; saturates at <see cref="Never"/>.</summary>
    public static Instant operator +(Instant instant, TimeSpan span) =>
        instant == Never || instant.Ticks > long.MaxValue - Math.Max(0, span.Ticks) ? Never : new(instant.Ticks + span.Ticks);

    public static Instant operator -(Instant instant, TimeSpan span) => new(instant.Ticks - span.Ticks);

    public static TimeSpan operator -(Instant later, Instant earlier) => new(later.Ticks - earlier.Ticks);

    public static bool operator <(Instant left, Instant right) => left.Ticks < right.Ticks;

    public static bool operator >(Instant left, Instant right) => left.Ticks > right.Ticks;

    public static bool operator <=(Instant left, Instant right) => left.Ticks <= right.Ticks;

    public static bool operator >=(Instant left, Instant right) => left.Ticks >= right.Ticks;

    public override string ToString() => $"{TimeSpan.FromTicks(Ticks)}";
}
