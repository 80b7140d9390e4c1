using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Scribe;

/// <summary>What the contributions of some members come to. Of none, all figures are 0.</summary>
/// <param name="Count">Contributions.</param>
/// <param name="Sum">Their sum.</param>
/// <param name="Min">The smallest.</param>
/// <param name="Max">The largest.</param>
/// <param name="Missing">Branches that gave no part, or one that was refused; with 0 nobody known was left out.</param>
public sealed record ScribeAggregate(long Count, double Sum, double Min, double Max, int Missing = 0)
{
    /// <summary>Contributions lie between this and its negative; whole numbers up to here are exact.</summary>
    public const double MaxMagnitude = 1L << 53;

    /// <summary>Longest <see cref="Extra"/>, in bytes.</summary>
    public const int MaxExtraBytes = 1024;

    /// <summary>Most branches that are counted as missing.</summary>
    public const int MaxMissing = 1 << 20;

    /// <summary>Of no contribution.</summary>
    public static ScribeAggregate None { get; } = new(0, 0, 0, 0);

    /// <summary>What the application combines besides, by <see cref="ScribeOptions.Combine"/>.</summary>
    public ReadOnlyMemory<byte> Extra { get; init; }

    /// <summary>The mean of the contributions; 0 of none.</summary>
    public double Mean => Count == 0 ? 0 : Sum / Count;

    /// <summary>Of one contribution.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not finite or beyond <see cref="MaxMagnitude"/>, or the extra is too long.</exception>
    public static ScribeAggregate Of(double value, ReadOnlyMemory<byte> extra = default)
    {
        if (!(Math.Abs(value) <= MaxMagnitude))
            throw new ArgumentOutOfRangeException(nameof(value), value, $"A contribution lies between -{MaxMagnitude} and {MaxMagnitude}.");
        ArgumentOutOfRangeException.ThrowIfGreaterThan(extra.Length, MaxExtraBytes, nameof(extra));
        return new ScribeAggregate(1, value, value, value) { Extra = extra };
    }

    /// <summary>
    /// Whether some contributions can come to this: all figures finite, and the sum within what count, smallest and largest allow. It keeps a liar to
    /// figures that somebody could have contributed, and to a count that its parent bounds; it cannot tell them from true ones.
    /// </summary>
    public bool IsSound
    {
        get
        {
            if (Count == 0)
                return Sum == 0 && Min == 0 && Max == 0 && Extra.IsEmpty && IsBounded;
            // Sums of the same numbers differ by rounding with the order that they are added in.
            double rounding = 1e-9 * Count * Math.Max(Math.Abs(Min), Math.Abs(Max));
            return Count > 0 && -MaxMagnitude <= Min && Min <= Max && Max <= MaxMagnitude && IsBounded
                && Sum >= (Count * Min) - rounding && Sum <= (Count * Max) + rounding;
        }
    }

    internal ulong Digest => new MessageDigest((ulong)Count).Add(BitConverter.DoubleToUInt64Bits(Sum)).Add(BitConverter.DoubleToUInt64Bits(Min))
        .Add(BitConverter.DoubleToUInt64Bits(Max)).Add((ulong)Missing).Value;

    private bool IsBounded => Missing is >= 0 and <= MaxMissing && Extra.Length <= MaxExtraBytes;

    /// <summary>With the contributions of others, who are none of these.</summary>
    internal ScribeAggregate With(ScribeAggregate other, Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>, ReadOnlyMemory<byte>>? combine)
    {
        int missing = Math.Min(MaxMissing, Missing + other.Missing);
        if (other.Count == 0)
            return this with { Missing = missing };
        if (Count == 0)
            return other with { Missing = missing, Extra = combine is null ? default : other.Extra };
        ReadOnlyMemory<byte> extra = combine is null ? default : combine(Extra, other.Extra);
        return new ScribeAggregate(Count + other.Count, Sum + other.Sum, Math.Min(Min, other.Min), Math.Max(Max, other.Max), missing)
        {
            Extra = extra.Length <= MaxExtraBytes ? extra : default,
        };
    }

    /// <summary>With so many more branches that gave nothing.</summary>
    internal ScribeAggregate Without(int branches) => branches == 0 ? this : this with { Missing = (int)Math.Min(MaxMissing, (long)Missing + branches) };
}
