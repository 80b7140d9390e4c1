namespace Compeer.Protocols.Kademlia;

/// <summary>
/// The hash codes of all hosts of a routing table in one array. Most messages come from hosts that are not in the table: one
/// scan of a few hundred numbers side by side shows it, where a look into each bucket would touch as many places in memory.
/// </summary>
internal sealed class HashMultiset
{
    private int[] _hashes = new int[16];
    private int _count;

    public bool Contains(int hash) => _hashes.AsSpan(0, _count).Contains(hash);

    public void Add(int hash)
    {
        if (_count == _hashes.Length)
            Array.Resize(ref _hashes, 2 * _count);
        _hashes[_count++] = hash;
    }

    /// <summary>Takes one of these out.</summary>
    public void Remove(int hash)
    {
        int at = _hashes.AsSpan(0, _count).IndexOf(hash);
        if (at >= 0)
            _hashes[at] = _hashes[--_count];
    }
}
