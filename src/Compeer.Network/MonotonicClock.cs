using System.Diagnostics;
using Compeer.Protocols;

namespace Compeer.Network;

/// <summary>The real clock behind <see cref="Instant"/>: monotonic, unaffected by changes of the system's time.</summary>
public static class MonotonicClock
{
    /// <summary>Now.</summary>
    public static Instant Now => new(Stopwatch.GetElapsedTime(0).Ticks);
}
