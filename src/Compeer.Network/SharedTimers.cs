using Compeer.Protocols;
using Compeer.Protocols.Timing;

namespace Compeer.Network;

/// <summary>A timer of <see cref="SharedTimers"/>.</summary>
/// <param name="elapsed">Called with the state on the one thread of all timers: it only posts, and never throws.</param>
/// <param name="state">Whose timer it is.</param>
public sealed class SharedTimer(Action<object?> elapsed, object? state) : WheelTimer
{
    /// <param name="elapsed">Called on the one thread of all timers: it only posts, and never throws.</param>
    public SharedTimer(Action elapsed)
        : this(static elapsed => ((Action)elapsed!)(), elapsed)
    {
    }

    internal void Elapse() => elapsed(state);
}

/// <summary>The timers of a whole node on one wheel with one thread, which sleeps until the next of them is due. Thread-safe.</summary>
public sealed class SharedTimers : IDisposable
{
    /// <summary>How late a timer may be, besides what the system adds.</summary>
    public static readonly TimeSpan Resolution = TimeSpan.FromMilliseconds(10);

    private static readonly TimeSpan LongestWait = TimeSpan.FromHours(1);

    private readonly Lock _lock = new();
    private readonly TimerWheel _wheel = new(Resolution, MonotonicClock.Now);
    private readonly AutoResetEvent _earlier = new(false);
    private readonly Thread _thread;
    private Instant _wakesAt = Instant.Zero;
    private bool _isEnding;

    public SharedTimers()
    {
        _thread = new Thread(Run) { Name = "timers", IsBackground = true };
        _thread.Start();
    }

    /// <summary>Has a timer elapse once at <paramref name="due"/>, in place of what it was scheduled for before; with <see cref="Instant.Never"/> not at all.</summary>
    public void Schedule(SharedTimer timer, Instant due)
    {
        lock (_lock)
        {
            _wheel.Schedule(timer, due);
            if (due >= _wakesAt || _isEnding)
                return;
            _wakesAt = due;
            _earlier.Set();
        }
    }

    /// <summary>Ends the thread; nothing elapses any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_isEnding)
                return;
            _isEnding = true;
        }
        _earlier.Set();
        _thread.Join();
        _earlier.Dispose();
    }

    private void Run()
    {
        while (true)
        {
            TimeSpan wait;
            WheelTimer? timer;
            lock (_lock)
            {
                if (_isEnding)
                    return;
                Instant now = MonotonicClock.Now;
                if (!_wheel.TryExpire(now, out timer))
                    _wakesAt = _wheel.NextDeadline;
                wait = _wakesAt == Instant.Never || _wakesAt - now > LongestWait ? LongestWait : _wakesAt - now;
            }
            if (timer is not null)
                ((SharedTimer)timer).Elapse();
            else
                _earlier.WaitOne((int)Math.Max(1, Math.Ceiling(wait.TotalMilliseconds)));
        }
    }
}
