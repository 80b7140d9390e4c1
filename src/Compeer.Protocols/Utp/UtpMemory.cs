namespace Compeer.Protocols.Utp;

/// <summary>The buffers that the connections of one port share: a budget for their growth, and slots for packets that came early.</summary>
internal sealed class UtpMemory(long maxBytes)
{
    /// <summary>Bytes of a slot: enough for every packet on Ethernet.</summary>
    public const int SlotBytes = 2048;

    private const int MaxIdleSlots = 1024;

    private readonly Stack<byte[]> _idle = new();

    /// <summary>Bytes that may still be taken.</summary>
    public long Available { get; private set; } = maxBytes;

    public bool TryTake(int bytes)
    {
        if (bytes > Available)
            return false;
        Available -= bytes;
        return true;
    }

    public void Return(int bytes) => Available += bytes;

    /// <summary>A slot, or null when the budget is used up.</summary>
    public byte[]? RentSlot()
    {
        if (_idle.TryPop(out byte[]? slot))
            return slot;
        return TryTake(SlotBytes) ? GC.AllocateUninitializedArray<byte>(SlotBytes) : null;
    }

    public void ReturnSlot(byte[] slot)
    {
        if (_idle.Count < MaxIdleSlots)
            _idle.Push(slot);
        else
            Return(SlotBytes);
    }
}
