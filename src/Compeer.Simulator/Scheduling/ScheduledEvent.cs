using Compeer.Protocols;

namespace Compeer.Simulator.Scheduling;

/// <summary>What an event is about.</summary>
internal enum EventKind
{
    /// <summary>A datagram reaches its destination; the value is its slot.</summary>
    Arrival,

    /// <summary>A host's deadline; the value is the host.</summary>
    Deadline,

    /// <summary>The world's own doing; the value is the action's slot.</summary>
    Action,

    /// <summary>A sender learns that its message did not arrive; the value is the message's slot.</summary>
    Undelivered,
}

/// <summary>Something that happens at an instant; of equal instants, what was scheduled first happens first.</summary>
internal readonly record struct ScheduledEvent(Instant At, long Order, EventKind Kind, int Value)
{
    public bool IsBefore(in ScheduledEvent other) => At.Ticks < other.At.Ticks || (At.Ticks == other.At.Ticks && Order < other.Order);
}
