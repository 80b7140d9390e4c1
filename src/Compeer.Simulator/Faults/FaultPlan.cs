using Compeer.Protocols;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Faults;

/// <summary>Which faults are on when. Phases do not overlap; after the last one the network is whole.</summary>
public sealed class FaultPlan
{
    private readonly Seed _seed;
    private readonly FaultPhase[] _phases;
    private int _next;

    /// <summary>A plan of given phases; the seed says who is on which side of a partition.</summary>
    /// <exception cref="ArgumentException">Phases overlap or are out of order.</exception>
    public FaultPlan(Seed seed, params IReadOnlyList<FaultPhase> phases)
    {
        ArgumentNullException.ThrowIfNull(phases);
        Instant last = Instant.Zero;
        foreach (FaultPhase phase in phases)
        {
            if (phase.From < last || phase.Until <= phase.From)
                throw new ArgumentException("Phases must follow each other.", nameof(phases));
            last = phase.Until;
        }
        _seed = seed;
        _phases = [.. phases];
    }

    /// <summary>No faults. A new one each time, for a plan keeps its place.</summary>
    public static FaultPlan None => new(default);

    /// <summary>The phases in order of time.</summary>
    public IReadOnlyList<FaultPhase> Phases => _phases;

    /// <summary>Draws a plan for a span of time, whole again at its end.</summary>
    public static FaultPlan Draw(Seed seed, FaultRanges ranges, Instant from, Instant until)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        SeededRandom random = seed.Stream("phases");
        var phases = new List<FaultPhase>();
        Instant at = from + Length();
        while (true)
        {
            Instant end = at + Length();
            if (end > until)
                return new FaultPlan(seed, phases);
            phases.Add(new FaultPhase(at, end)
            {
                Loss = Share(ranges.MaxLoss),
                Duplication = Share(ranges.MaxDuplication),
                Jitter = TimeSpan.FromTicks((long)(ranges.MaxJitter.Ticks * Share(1))),
                CutOff = Share(ranges.MaxCutOff),
                IsOneWay = random.Chance(0.5),
            });
            at = end + Length();
        }

        TimeSpan Length() => ranges.MinPhase + random.NextSpan(ranges.MaxPhase - ranges.MinPhase);
        double Share(double most) => random.Chance(0.5) ? 0 : random.NextDouble() * most;
    }

    /// <summary>The phase of an instant; null in calm. Instants asked must not go back.</summary>
    internal FaultPhase? At(Instant now)
    {
        while (_next < _phases.Length && _phases[_next].Until <= now)
            _next++;
        return _next < _phases.Length && _phases[_next].From <= now ? _phases[_next] : null;
    }

    /// <summary>Whether a partition is between two sites, in this direction.</summary>
    internal bool IsCut(FaultPhase phase, int from, int to)
    {
        if (phase.CutOff <= 0)
            return false;
        bool fromCutOff = IsCutOff(phase, from), toCutOff = IsCutOff(phase, to);
        return phase.IsOneWay ? fromCutOff && !toCutOff : fromCutOff != toCutOff;
    }

    /// <summary>Whether a site is on the cut-off side of a partition.</summary>
    internal bool IsCutOff(FaultPhase phase, int site) => _seed.Derive((ulong)phase.From.Ticks).Derive(site).Fraction < phase.CutOff;
}
