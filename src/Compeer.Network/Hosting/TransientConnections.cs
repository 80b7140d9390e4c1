using System.Net;

namespace Compeer.Network.Hosting;

/// <summary>
/// Connections whose remote has not shown yet who it is. When there are too many, the oldest of the network that has the most of them gives way,
/// so that who comes from many places at once keeps nobody out. Thread-safe.
/// </summary>
internal sealed class TransientConnections(ConnectionLimits limits, TimeSpan patience)
{
    private readonly Lock _lock = new();
    private readonly LinkedList<Entry> _entries = new();
    private readonly Dictionary<IPNetwork, int> _of = [];

    /// <summary>Counts a connection from that address; null where too many from there are under way.</summary>
    public Entry? TryEnter(IPAddress from)
    {
        IPNetwork prefix = ConnectionGate.PrefixOf(from);
        lock (_lock)
        {
            if (_of.GetValueOrDefault(prefix) >= limits.MaxTransientPerAddress)
                return null;
            if (_entries.Count >= limits.MaxTransientConnections)
                EvictOne();
            var entry = new Entry(prefix, new CancellationTokenSource(patience));
            _entries.AddLast(entry);
            _of[prefix] = _of.GetValueOrDefault(prefix) + 1;
            return entry;
        }
    }

    /// <summary>It is secured, or has ended.</summary>
    public void Leave(Entry entry)
    {
        lock (_lock)
        {
            Remove(entry);
            entry.Deadline.Dispose();
        }
    }

    /// <summary>It leaves the list at once, so that the next one that comes evicts another.</summary>
    private void EvictOne()
    {
        int most = _of.Values.Max();
        Entry oldest = _entries.First(e => _of[e.Prefix] == most);
        Remove(oldest);
        oldest.Deadline.Cancel();
    }

    private void Remove(Entry entry)
    {
        if (_entries.Remove(entry) && --_of[entry.Prefix] == 0)
            _of.Remove(entry.Prefix);
    }

    /// <summary>One connection.</summary>
    /// <param name="Prefix">Where it comes from.</param>
    /// <param name="Deadline">Ends it when it takes too long, or has to give way.</param>
    internal sealed record Entry(IPNetwork Prefix, CancellationTokenSource Deadline);
}
