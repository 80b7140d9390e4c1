namespace Compeer.Network.Hosting;

/// <summary>What all connections of a host together hold for readers that have not come. Thread-safe.</summary>
internal sealed class UnreadBudget(long maxBytes)
{
    /// <summary>What any connection may hold, however little is left for others.</summary>
    private const int AlwaysBytes = 1 << 20;

    private long _bytes;

    /// <summary>Notes that what a connection holds has changed; false when it has to give way.</summary>
    public bool TryNote(int before, int after) =>
        Interlocked.Add(ref _bytes, after - before) <= maxBytes || after <= AlwaysBytes || after <= before;
}
