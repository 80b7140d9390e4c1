using System.Globalization;
using Compeer.Formats.Hashing;

namespace Compeer.Simulator.Randomness;

/// <summary>
/// The root of everything random in a world. Each stream is derived from it by name, so one stream's use never shifts another.
/// </summary>
/// <param name="Value">Any number; equal numbers give equal worlds.</param>
public readonly record struct Seed(ulong Value)
{
    /// <summary>The seed of a part, by the part's name.</summary>
    public Seed Derive(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        ulong hash = 0xCBF29CE484222325;
        foreach (char c in name)
            hash = (hash ^ c) * 0x100000001B3;
        return Derive(hash);
    }

    /// <summary>The seed of one of many alike, by its number.</summary>
    public Seed Derive(ulong index) => new(SplitMix64.Mix(Value ^ SplitMix64.Mix(index + SplitMix64.Increment)));

    /// <summary>The seed of one of many alike, by its number.</summary>
    public Seed Derive(int index) => Derive((ulong)index);

    /// <summary>A stream of numbers that nothing else draws from.</summary>
    public SeededRandom Stream(string name) => new(Derive(name));

    /// <summary>A number in [0, 1) that belongs to this seed.</summary>
    public double Fraction => (SplitMix64.Mix(Value + 0x632BE59BD9B4E019) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string? text, out Seed seed)
    {
        bool ok = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value);
        seed = new Seed(value);
        return ok;
    }

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);
}
