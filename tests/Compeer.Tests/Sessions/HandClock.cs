namespace Compeer.Tests.Sessions;

/// <summary>A clock that goes on when it is told to, in UTC everywhere; its timers ring then, on the caller's thread.</summary>
internal sealed class HandClock(DateTimeOffset now) : TimeProvider
{
    private readonly Lock _lock = new();
    private readonly List<HandTimer> _timers = [];
    private DateTimeOffset _now = now;

    public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

    public override DateTimeOffset GetUtcNow()
    {
        lock (_lock)
            return _now;
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new HandTimer(this, () => callback(state));
        timer.Change(dueTime, period);
        lock (_lock)
            _timers.Add(timer);
        return timer;
    }

    public void Advance(TimeSpan span)
    {
        HandTimer[] due;
        lock (_lock)
        {
            _now += span;
            due = [.. _timers.Where(t => t.IsDue(_now))];
        }
        foreach (HandTimer timer in due)
            timer.Ring();
    }

    private sealed class HandTimer(HandClock clock, Action ring) : ITimer
    {
        private DateTimeOffset _due = DateTimeOffset.MaxValue;
        private TimeSpan _period = Timeout.InfiniteTimeSpan;

        public bool IsDue(DateTimeOffset now) => _due <= now;

        public void Ring()
        {
            _due = _period > TimeSpan.Zero ? clock.GetUtcNow() + _period : DateTimeOffset.MaxValue;
            ring();
        }

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            (_due, _period) = (dueTime < TimeSpan.Zero ? DateTimeOffset.MaxValue : clock.GetUtcNow() + dueTime, period);
            return true;
        }

        public void Dispose() => _due = DateTimeOffset.MaxValue;

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
