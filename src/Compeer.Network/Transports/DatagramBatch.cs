namespace Compeer.Network.Transports;

/// <summary>Datagrams to be sent together, one behind the other in one buffer, each with its receiver. Made once and used again.</summary>
/// <param name="maxDatagrams">How many it holds.</param>
/// <param name="bufferBytes">How many bytes they have together at most.</param>
public sealed class DatagramBatch(int maxDatagrams, int bufferBytes)
{
    /// <summary>Room for an address of IPv4 or IPv6 in the system's form.</summary>
    internal const int AddressBytes = 28;

    private readonly Entry[] _entries = new Entry[maxDatagrams];
    private int _usedBytes;

    /// <summary>Datagrams in it.</summary>
    public int Count { get; private set; }

    /// <summary>Where the next datagram is written before it is added; empty when no more can be added.</summary>
    public Span<byte> Room => Count < _entries.Length ? Buffer.AsSpan(_usedBytes) : default;

    /// <summary>The datagrams, one behind the other; pinned.</summary>
    internal byte[] Buffer { get; } = GC.AllocateUninitializedArray<byte>(bufferBytes, pinned: true);

    /// <summary>The receivers, <see cref="AddressBytes"/> for each; pinned.</summary>
    internal byte[] Addresses { get; } = GC.AllocateArray<byte>(maxDatagrams * AddressBytes, pinned: true);

    /// <summary>Adds what was written to the beginning of <see cref="Room"/>.</summary>
    /// <param name="length">Its bytes.</param>
    /// <param name="address">The receiver in the system's form, as a <see cref="System.Net.SocketAddress"/> holds it.</param>
    /// <param name="dontFragment">A datagram too long for a link shall be lost rather than cut.</param>
    public void Add(int length, ReadOnlySpan<byte> address, bool dontFragment = false)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Room.Length, nameof(length));
        address.CopyTo(Addresses.AsSpan(Count * AddressBytes, AddressBytes));
        _entries[Count++] = new Entry(_usedBytes, length, address.Length, dontFragment);
        _usedBytes += length;
    }

    /// <summary>Forgets all.</summary>
    public void Clear() => Count = _usedBytes = 0;

    internal ref readonly Entry this[int index] => ref _entries[index];

    internal ReadOnlySpan<byte> AddressOf(int index) => Addresses.AsSpan(index * AddressBytes, _entries[index].AddressLength);

    internal readonly record struct Entry(int Offset, int Length, int AddressLength, bool DontFragment);
}
