using Compeer.Protocols;

namespace Compeer.Simulator.Scheduling;

/// <summary>The events to come, in a heap of four children a node: values in one array, no allocation once it has grown.</summary>
internal sealed class EventQueue
{
    private const int Arity = 4;

    private ScheduledEvent[] _heap = new ScheduledEvent[1024];
    private long _order;

    /// <summary>Events that have not happened.</summary>
    public int Count { get; private set; }

    /// <summary>When the next one happens; <see cref="Instant.Never"/> when there is none.</summary>
    public Instant NextAt => Count == 0 ? Instant.Never : _heap[0].At;

    public void Add(Instant at, EventKind kind, int value)
    {
        if (Count == _heap.Length)
            Array.Resize(ref _heap, Count * 2);
        var added = new ScheduledEvent(at, _order++, kind, value);
        int index = Count++;
        while (index > 0)
        {
            int parent = (index - 1) / Arity;
            if (_heap[parent].IsBefore(added))
                break;
            _heap[index] = _heap[parent];
            index = parent;
        }
        _heap[index] = added;
    }

    public bool TryTake(Instant until, out ScheduledEvent taken)
    {
        taken = default;
        if (Count == 0 || _heap[0].At > until)
            return false;
        taken = _heap[0];
        ScheduledEvent last = _heap[--Count];
        if (Count > 0)
            SiftDown(last);
        return true;
    }

    private void SiftDown(in ScheduledEvent moved)
    {
        Span<ScheduledEvent> heap = _heap.AsSpan(0, Count);
        int index = 0;
        while (true)
        {
            int first = (index * Arity) + 1;
            if (first >= heap.Length)
                break;
            int least = first;
            int end = Math.Min(first + Arity, heap.Length);
            for (int child = first + 1; child < end; child++)
            {
                if (heap[child].IsBefore(heap[least]))
                    least = child;
            }
            if (moved.IsBefore(heap[least]))
                break;
            heap[index] = heap[least];
            index = least;
        }
        heap[index] = moved;
    }
}
