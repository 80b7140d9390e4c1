using Compeer.Protocols;
using Compeer.Simulator.Randomness;

namespace Compeer.Simulator.Faults;

/// <summary>A host comes or goes.</summary>
/// <param name="At">When.</param>
/// <param name="Host">Which, from 0.</param>
/// <param name="Joins">Whether it comes.</param>
public readonly record struct ChurnEvent(Instant At, int Host, bool Joins);

/// <summary>Who comes and goes when, drawn from a seed before the world runs.</summary>
public sealed class ChurnTrace
{
    private ChurnTrace(IReadOnlyList<ChurnEvent> events) => Events = events;

    /// <summary>All events in order of time, then host.</summary>
    public IReadOnlyList<ChurnEvent> Events { get; }

    /// <summary>Draws the sessions of hosts over a span.</summary>
    /// <param name="seed">Each host has its own stream.</param>
    /// <param name="options">How they come and go.</param>
    /// <param name="hosts">How many there are.</param>
    /// <param name="initiallyUp">The first so many are up at the start.</param>
    /// <param name="from">The start.</param>
    /// <param name="until">The end.</param>
    public static ChurnTrace Draw(Seed seed, ChurnOptions options, int hosts, int initiallyUp, Instant from, Instant until)
    {
        ArgumentNullException.ThrowIfNull(options);
        var events = new List<ChurnEvent>();
        for (int host = 0; host < hosts; host++)
        {
            var random = new SeededRandom(seed.Derive("churn").Derive(host));
            bool isUp = host < initiallyUp;
            Instant at = from;
            while (true)
            {
                at += isUp ? Session(options, random) : Exponential(options.MedianAbsence, random);
                if (at >= until)
                    break;
                isUp = !isUp;
                events.Add(new ChurnEvent(at, host, isUp));
            }
        }
        events.Sort((a, b) => a.At != b.At ? a.At.CompareTo(b.At) : a.Host.CompareTo(b.Host));
        return new ChurnTrace(events);
    }

    /// <summary>One session's length, in whole milliseconds, at least one.</summary>
    public static TimeSpan Session(ChurnOptions options, SeededRandom random)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(random);
        return options.Shape == SessionShape.Exponential
            ? Exponential(options.MedianSession, random)
            : Whole(options.MedianSession.TotalMilliseconds * Math.Pow(Halvings(random), 1 / options.WeibullShape));
    }

    private static TimeSpan Exponential(TimeSpan median, SeededRandom random) => Whole(median.TotalMilliseconds * Halvings(random));

    /// <summary>Exponential with median 1.</summary>
    private static double Halvings(SeededRandom random) => -Math.Log2(1 - random.NextDouble());

    private static TimeSpan Whole(double milliseconds) => TimeSpan.FromTicks(TimeSpan.TicksPerMillisecond * (long)Math.Clamp(milliseconds, 1, 1e12));
}
