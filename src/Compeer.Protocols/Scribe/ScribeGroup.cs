namespace Compeer.Protocols.Scribe;

/// <summary>Our place in a group's tree.</summary>
internal sealed class ScribeGroup<TPeer>
    where TPeer : struct, IEquatable<TPeer>
{
    private readonly Queue<ulong> _seen = new();

    /// <summary>Whether the news is for us too, and not only to be passed on.</summary>
    public bool IsMember { get; set; }

    /// <summary>Null at the root.</summary>
    public TPeer? Parent { get; set; }

    /// <summary>Children, and when each was last heard.</summary>
    public Dictionary<TPeer, Instant> Children { get; } = [];

    /// <summary>Notes news; false when it was here.</summary>
    public bool TryRemember(ulong id, int most)
    {
        if (_seen.Contains(id))
            return false;
        _seen.Enqueue(id);
        if (_seen.Count > most)
            _seen.Dequeue();
        return true;
    }
}
