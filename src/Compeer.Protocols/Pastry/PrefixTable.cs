using System.Numerics;
using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Pastry;

/// <summary>
/// One node for each prefix of our key followed by another digit: row <c>n</c> holds nodes that share <c>n</c> digits with us.
/// Of several the nearest in the network stays. Single-threaded; rows exist once somebody is in them.
/// </summary>
/// <remarks>Spec: Pastry (2001), sections 2.1 and 2.5 (locality).</remarks>
internal sealed class PrefixTable<TPeer>(RingKey own, Func<TPeer, long>? proximity)
    where TPeer : struct, IEquatable<TPeer>
{
    private const int Columns = 1 << RingKey.DigitBits;

    private RingContact<TPeer>[] _cells = [];
    private ushort[] _filled = [];

    /// <summary>Rows that exist.</summary>
    public int Rows => _filled.Length;

    /// <summary>Puts a node in its cell when that is empty or the node is nearer in the network than who is there; true when it was put there.</summary>
    public bool Learn(in RingContact<TPeer> contact)
    {
        int row = own.SharedDigits(contact.Key);
        if (row == RingKey.DigitCount)
            return false;
        if (row >= Rows)
        {
            Array.Resize(ref _filled, row + 1);
            Array.Resize(ref _cells, (row + 1) * Columns);
        }
        int column = contact.Key.Digit(row);
        ref RingContact<TPeer> cell = ref _cells[(row * Columns) + column];
        bool isEmpty = (_filled[row] >> column & 1) == 0;
        if (!isEmpty && (proximity is null || cell.Peer.Equals(contact.Peer) || proximity(cell.Peer) <= proximity(contact.Peer)))
            return false;
        cell = contact;
        _filled[row] |= (ushort)(1 << column);
        return true;
    }

    /// <summary>A node is gone; its row, or -1 when it was not here.</summary>
    public int Remove(in RingContact<TPeer> contact)
    {
        int row = own.SharedDigits(contact.Key);
        int column = row < Rows ? contact.Key.Digit(row) : 0;
        if (row >= Rows || (_filled[row] >> column & 1) == 0 || !_cells[(row * Columns) + column].Peer.Equals(contact.Peer))
            return -1;
        _filled[row] &= (ushort)~(1 << column);
        return row;
    }

    /// <summary>The node that shares one more digit with a key than we do.</summary>
    public RingContact<TPeer>? Next(RingKey key)
    {
        int row = own.SharedDigits(key);
        if (row >= Rows)
            return null;
        int column = key.Digit(row);
        return (_filled[row] >> column & 1) == 0 ? null : _cells[(row * Columns) + column];
    }

    /// <summary>The nodes of a row.</summary>
    public RingContact<TPeer>[] Row(int row)
    {
        if (row < 0 || row >= Rows)
            return [];
        var contacts = new RingContact<TPeer>[BitOperations.PopCount(_filled[row])];
        int count = 0;
        for (int column = 0; column < Columns; column++)
        {
            if ((_filled[row] >> column & 1) != 0)
                contacts[count++] = _cells[(row * Columns) + column];
        }
        return contacts;
    }
}
