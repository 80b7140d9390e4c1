using System.Globalization;

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
    public Seed Derive(ulong index) => new(Mix(Value ^ Mix(index + 0x9E3779B97F4A7C15)));

    /// <summary>The seed of one of many alike, by its number.</summary>
    public Seed Derive(int index) => Derive((ulong)index);

    /// <summary>A stream of numbers that nothing else draws from.</summary>
    public SeededRandom Stream(string name) => new(Derive(name));

    /// <summary>A number in [0, 1) that belongs to this seed.</summary>
    public double Fraction => (Mix(Value + 0x632BE59BD9B4E019) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string? text, out Seed seed)
    {
        bool ok = ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out ulong value);
        seed = new Seed(value);
        return ok;
    }

    public override string ToString() => Value.ToString(CultureInfo.InvariantCulture);

    internal static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
        x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
