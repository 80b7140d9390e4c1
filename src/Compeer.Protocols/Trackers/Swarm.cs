using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Trackers;

/// <summary>The peers of one info hash as four lists of slots: by family, and seeds apart from leechers.</summary>
internal sealed class Swarm(Sha1Hash infoHash)
{
    private readonly int[]?[] _slots = new int[4][];
    private readonly int[] _counts = new int[4];

    public Sha1Hash InfoHash => infoHash;

    public int Downloaded { get; set; }

    public int Count => _counts[0] + _counts[1] + _counts[2] + _counts[3];

    public SwarmCounts Counts => new(_counts[1] + _counts[3], _counts[0] + _counts[2], Downloaded);

    /// <summary>Which list: bit 0 seed, bit 1 IPv6.</summary>
    public static int ListOf(bool isSeed, bool isV6) => (isSeed ? 1 : 0) | (isV6 ? 2 : 0);

    public int CountOf(int list) => _counts[list];

    public int SlotAt(int list, int position) => _slots[list]![position];

    /// <summary>Appends a slot and returns its position.</summary>
    public int Add(int list, int slot)
    {
        int[] slots = _slots[list] ??= new int[2];
        if (_counts[list] == slots.Length)
            Array.Resize(ref slots, 2 * slots.Length);
        _slots[list] = slots;
        slots[_counts[list]] = slot;
        return _counts[list]++;
    }

    /// <summary>Fills the hole at <paramref name="position"/> with the last slot and returns that slot.</summary>
    public int RemoveAt(int list, int position)
    {
        int[] slots = _slots[list]!;
        int last = slots[--_counts[list]];
        slots[position] = last;
        if (slots.Length > 8 && _counts[list] < slots.Length / 4)
            Array.Resize(ref _slots[list], slots.Length / 2);
        return last;
    }

    public void Exchange(int list, int a, int b) => (_slots[list]![a], _slots[list]![b]) = (_slots[list]![b], _slots[list]![a]);
}
