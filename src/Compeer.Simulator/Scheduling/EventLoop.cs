using Compeer.Protocols;

namespace Compeer.Simulator.Scheduling;

/// <summary>The clock and the events of a world: takes them in order, runs the world's own actions, and hands on the rest.</summary>
/// <param name="handle">Called for every event that is no action.</param>
internal sealed class EventLoop(EventLoop.Handler handle)
{
    private readonly List<Action?> _actions = [];
    private readonly Stack<int> _freeActions = new();

    /// <summary>Does what an event is about.</summary>
    public delegate void Handler(in ScheduledEvent next);

    public EventQueue Queue { get; } = new();

    public VirtualClock Clock { get; } = new();

    /// <summary>Events handled so far.</summary>
    public long Events { get; private set; }

    /// <summary>Calls back at an instant, or at once after what is being handled when it is past.</summary>
    public void At(Instant when, Action action)
    {
        ArgumentNullException.ThrowIfNull(action);
        if (!_freeActions.TryPop(out int slot))
        {
            slot = _actions.Count;
            _actions.Add(null);
        }
        _actions[slot] = action;
        Queue.Add(when < Clock.Now ? Clock.Now : when, EventKind.Action, slot);
    }

    /// <summary>Handles every event up to an instant and stands there then.</summary>
    public void RunUntil(Instant end)
    {
        while (Queue.TryTake(end, out ScheduledEvent next))
            Handle(next);
        if (end > Clock.Now)
            Clock.AdvanceTo(end);
    }

    /// <summary>Handles events until the condition holds; false when it did not by the end. Asked after each event.</summary>
    public bool RunUntil(Func<bool> condition, Instant end)
    {
        ArgumentNullException.ThrowIfNull(condition);
        while (!condition())
        {
            if (!Queue.TryTake(end, out ScheduledEvent next))
                return false;
            Handle(next);
        }
        return true;
    }

    private void Handle(in ScheduledEvent next)
    {
        Clock.AdvanceTo(next.At);
        Events++;
        if (next.Kind != EventKind.Action)
        {
            handle(next);
            return;
        }
        Action action = _actions[next.Value]!;
        _actions[next.Value] = null;
        _freeActions.Push(next.Value);
        action();
    }
}
