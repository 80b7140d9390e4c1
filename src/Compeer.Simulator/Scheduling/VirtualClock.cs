using Compeer.Protocols;

namespace Compeer.Simulator.Scheduling;

/// <summary>A world's time: it moves from event to event, and no real clock moves it.</summary>
public sealed class VirtualClock
{
    /// <summary>The time of the event that is being handled. A world begins an hour after zero, so that "an hour ago" exists.</summary>
    public Instant Now { get; private set; } = Start;

    /// <summary>When every world begins.</summary>
    public static Instant Start { get; } = Instant.Zero + TimeSpan.FromHours(1);

    /// <summary>Time since the world began.</summary>
    public TimeSpan Elapsed => Now - Start;

    /// <summary>Moves forward.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The instant is past.</exception>
    internal void AdvanceTo(Instant instant)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(instant, Now);
        Now = instant;
    }
}
