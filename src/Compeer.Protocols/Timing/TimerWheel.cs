using System.Diagnostics.CodeAnalysis;
using System.Numerics;

namespace Compeer.Protocols.Timing;

/// <summary>Something that a <see cref="TimerWheel"/> can hold: a node of its lists, so that scheduling allocates nothing.</summary>
public abstract class WheelTimer
{
    internal WheelTimer? Next { get; set; }

    internal WheelTimer? Previous { get; set; }

    internal long DueTick { get; set; }

    /// <summary>Which list of the wheel holds it; negative when none does.</summary>
    internal int Slot { get; set; } = -1;

    /// <summary>It is scheduled, and has not been taken.</summary>
    public bool IsScheduled => Slot >= 0;
}

/// <summary>
/// Any number of timers at a constant cost each: to schedule, to move and to cancel one. A hierarchy of four wheels of 64
/// slots: the first turns once in 64 ticks, the second once in 64 turns of the first, and so on; what is further off than all of
/// them waits in the last. A timer is never early, and late by less than one tick after the wheel is asked. Single-threaded, no clock.
/// </summary>
/// <remarks>Source: Varghese and Lauck, "Hashed and hierarchical timing wheels" (1987), scheme 7.</remarks>
public sealed class TimerWheel
{
    private const int SlotBits = 6;
    private const int Slots = 1 << SlotBits;
    private const int Levels = 4;
    private const int Ready = Levels * Slots; // the list of those whose time has come
    private const long Horizon = 1L << (SlotBits * Levels);

    private readonly long _tickLength;
    private readonly WheelTimer?[] _first = new WheelTimer?[Ready + 1];
    private readonly WheelTimer?[] _last = new WheelTimer?[Ready + 1];
    private readonly ulong[] _occupied = new ulong[Levels];
    private long _tick; // everything due up to here is in the ready list

    /// <param name="tick">The resolution, positive.</param>
    /// <param name="now">Now.</param>
    public TimerWheel(TimeSpan tick, Instant now)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(tick.Ticks);
        _tickLength = tick.Ticks;
        _tick = now.Ticks / _tickLength;
    }

    /// <summary>Timers scheduled.</summary>
    public int Count { get; private set; }

    /// <summary>When <see cref="TryExpire"/> wants to be asked next; never when nothing is scheduled. Not after the earliest timer, but possibly before it.</summary>
    public Instant NextDeadline =>
        _first[Ready] is not null ? Instant.Zero
        : NextEvent() is var next && next > long.MaxValue / _tickLength ? Instant.Never
        : new Instant(next * _tickLength);

    /// <summary>Schedules a timer, or moves it when it is scheduled; with <see cref="Instant.Never"/> takes it out.</summary>
    public void Schedule(WheelTimer timer, Instant due)
    {
        Cancel(timer);
        if (due == Instant.Never)
            return;
        timer.DueTick = due.Ticks / _tickLength + (due.Ticks % _tickLength > 0 ? 1 : 0);
        Place(timer);
        Count++;
    }

    /// <summary>Takes a timer out, if it is in.</summary>
    public void Cancel(WheelTimer timer)
    {
        if (!timer.IsScheduled)
            return;
        Unlink(timer);
        Count--;
    }

    /// <summary>Takes the next timer whose time has come, the earliest first (within one tick, and of those that were overdue when they were scheduled, in no order); call until false.</summary>
    public bool TryExpire(Instant now, [NotNullWhen(true)] out WheelTimer? timer)
    {
        long target = now.Ticks / _tickLength;
        while (_first[Ready] is null && _tick < target)
            TurnTo(target);
        timer = _first[Ready];
        if (timer is null)
            return false;
        Cancel(timer);
        return true;
    }

    /// <summary>Goes on to the next tick at which something is to be done, or to <paramref name="target"/> when that comes first.</summary>
    private void TurnTo(long target)
    {
        long next = NextEvent();
        _tick = Math.Min(next, target);
        if (next > target)
            return;
        for (int level = Levels - 1; level >= 0; level--)
        {
            int shift = level * SlotBits;
            if ((_tick & ((1L << shift) - 1)) == 0)
                Empty(level * Slots + (int)(_tick >> shift & (Slots - 1)));
        }
    }

    /// <summary>The first tick behind the present one at which a slot that holds something comes up.</summary>
    private long NextEvent()
    {
        long next = long.MaxValue;
        for (int level = 0; level < Levels; level++)
        {
            if (_occupied[level] == 0)
                continue;
            int shift = level * SlotBits;
            long position = _tick >> shift;
            // Bit 0 becomes the slot behind the present one; the present one comes last, a whole turn away.
            ulong ahead = BitOperations.RotateRight(_occupied[level], (int)((position + 1) & (Slots - 1)));
            next = Math.Min(next, (position + 1 + BitOperations.TrailingZeroCount(ahead)) << shift);
        }
        return next;
    }

    private void Empty(int slot)
    {
        while (_first[slot] is { } timer)
        {
            Unlink(timer);
            Place(timer);
        }
    }

    private void Place(WheelTimer timer)
    {
        long away = timer.DueTick - _tick;
        if (away <= 0)
        {
            Link(timer, Ready);
            return;
        }
        long tick = away < Horizon ? timer.DueTick : _tick + Horizon - 1;
        int level = BitOperations.Log2((ulong)Math.Min(away, Horizon - 1)) / SlotBits;
        Link(timer, level * Slots + (int)(tick >> (level * SlotBits) & (Slots - 1)));
    }

    private void Link(WheelTimer timer, int slot)
    {
        timer.Slot = slot;
        timer.Previous = _last[slot];
        if (_last[slot] is { } last)
            last.Next = timer;
        else
            _first[slot] = timer;
        _last[slot] = timer;
        if (slot < Ready)
            _occupied[slot / Slots] |= 1UL << (slot % Slots);
    }

    private void Unlink(WheelTimer timer)
    {
        int slot = timer.Slot;
        if (timer.Previous is { } previous)
            previous.Next = timer.Next;
        else
            _first[slot] = timer.Next;
        if (timer.Next is { } next)
            next.Previous = timer.Previous;
        else
            _last[slot] = timer.Previous;
        (timer.Next, timer.Previous, timer.Slot) = (null, null, -1);
        if (slot < Ready && _first[slot] is null)
            _occupied[slot / Slots] &= ~(1UL << (slot % Slots));
    }
}
