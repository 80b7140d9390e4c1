namespace Compeer.Protocols.Utp;

/// <summary>What became of a received packet.</summary>
internal enum UtpArrival
{
    /// <summary>The next in order; it can be read.</summary>
    InOrder,

    /// <summary>It came early and is kept.</summary>
    Early,

    /// <summary>It was here already.</summary>
    Repeated,

    /// <summary>There was no room for it, or it lies outside the window.</summary>
    Refused,
}

/// <summary>Puts received packets into order. Bounds: the option's bytes, and its packets ahead of the order.</summary>
internal sealed class UtpReceiveQueue(UtpOptions options, UtpMemory memory, ushort received)
{
    private readonly ByteRing _ready = new(memory, options.MaxReceiveBytes);
    private Early[] _early = [];
    private int _earlyBytes;
    private ushort _highest = received;
    private ushort? _fin;

    /// <summary>The last packet that is in order.</summary>
    public ushort AckNumber { get; private set; } = received;

    /// <summary>Packets kept that came early.</summary>
    public int EarlyCount { get; private set; }

    /// <summary>The remote's last packet is in order.</summary>
    public bool IsEnded { get; private set; }

    /// <summary>Bytes that can be read.</summary>
    public int ReadyBytes => _ready.Count;

    /// <summary>Nobody reads any more: what comes is acknowledged and dropped.</summary>
    public bool IsDiscarding { get; private set; }

    /// <summary>Bytes that can still be taken.</summary>
    public int WindowBytes => IsDiscarding ? options.MaxReceiveBytes : Math.Max(0, _ready.Room - _earlyBytes);

    public UtpArrival Take(ushort number, ReadOnlySpan<byte> payload, bool isFin)
    {
        int ahead = UtpSequence.Distance(AckNumber, number);
        if (ahead <= 0 || IsEnded)
            return UtpArrival.Repeated;
        if (ahead > options.MaxPackets || (_fin is { } fin && UtpSequence.Distance(fin, number) > 0))
            return UtpArrival.Refused;
        if (ahead > 1)
            return TakeEarly(number, payload, isFin);
        if (!TryAppend(payload))
            return UtpArrival.Refused;
        // A stalled early packet may hold this very number.
        if (_early.Length > 0 && _early[number & (_early.Length - 1)].IsHere)
            Drop(ref _early[number & (_early.Length - 1)]);
        Advance(number, isFin);
        AppendEarly();
        return UtpArrival.InOrder;
    }

    public int Read(Span<byte> target)
    {
        int length = Math.Min(target.Length, _ready.Count);
        if (length == 0)
            return 0;
        _ready.CopyTo(0, target[..length]);
        _ready.Discard(length);
        AppendEarly();
        return length;
    }

    /// <summary>From now on what comes is dropped.</summary>
    public void Discard()
    {
        IsDiscarding = true;
        AppendEarly();
        _ready.Release();
    }

    /// <summary>Writes which packets beyond the order are here; returns the bytes written, 0 when there are none.</summary>
    public int WriteSelectiveAck(Span<byte> target)
    {
        if (EarlyCount == 0)
            return 0;
        int bits = Math.Min(UtpSequence.Distance(AckNumber, _highest) - 1, (target.Length & ~3) * 8);
        if (bits <= 0)
            return 0;
        int length = ((bits + 31) / 32) * 4;
        target[..length].Clear();
        for (int bit = 0; bit < bits; bit++)
        {
            if (_early[(AckNumber + 2 + bit) & (_early.Length - 1)].IsHere)
                target[bit / 8] |= (byte)(1 << (bit % 8));
        }
        return length;
    }

    /// <summary>Gives idle buffers back.</summary>
    public void Trim() => _ready.Trim();

    /// <summary>Gives all buffers back.</summary>
    public void Release()
    {
        _ready.Release();
        for (int i = 0; i < _early.Length; i++)
        {
            if (_early[i].IsHere)
                Drop(ref _early[i]);
        }
        _early = [];
    }

    private UtpArrival TakeEarly(ushort number, ReadOnlySpan<byte> payload, bool isFin)
    {
        if (payload.Length > UtpMemory.SlotBytes || payload.Length > WindowBytes)
            return UtpArrival.Refused;
        MakeRoomFor(number);
        ref Early early = ref _early[number & (_early.Length - 1)];
        if (early.IsHere)
            return UtpArrival.Repeated;
        byte[]? slot = null;
        if (!payload.IsEmpty && !IsDiscarding)
        {
            slot = memory.RentSlot();
            if (slot is null)
                return UtpArrival.Refused;
            payload.CopyTo(slot);
        }
        early = new Early { IsHere = true, IsFin = isFin, Data = slot, Length = slot is null ? 0 : payload.Length };
        _earlyBytes += early.Length;
        EarlyCount++;
        if (isFin)
            _fin = number;
        if (UtpSequence.Distance(_highest, number) > 0)
            _highest = number;
        return UtpArrival.Early;
    }

    /// <summary>Early packets that are next now follow.</summary>
    private void AppendEarly()
    {
        while (EarlyCount > 0)
        {
            ushort next = (ushort)(AckNumber + 1);
            ref Early early = ref _early[next & (_early.Length - 1)];
            if (!early.IsHere || !TryAppend(early.Data.AsSpan(0, early.Length)))
                return;
            bool isFin = early.IsFin;
            Drop(ref early);
            Advance(next, isFin);
        }
    }

    private bool TryAppend(ReadOnlySpan<byte> payload)
    {
        if (IsDiscarding || payload.IsEmpty)
            return true;
        if (payload.Length > _ready.Room)
            return false;
        _ready.Write(payload);
        return true;
    }

    private void Advance(ushort number, bool isFin)
    {
        AckNumber = number;
        if (UtpSequence.Distance(_highest, number) > 0)
            _highest = number;
        if (isFin)
        {
            _fin = number;
            IsEnded = true;
        }
    }

    private void Drop(ref Early early)
    {
        if (early.Data is { } data)
            memory.ReturnSlot(data);
        _earlyBytes -= early.Length;
        EarlyCount--;
        early = default;
    }

    /// <summary>Doubles the table until it reaches from the order to <paramref name="number"/>.</summary>
    private void MakeRoomFor(ushort number)
    {
        int needed = UtpSequence.Distance(AckNumber, number) + 1;
        if (needed <= _early.Length)
            return;
        int length = Math.Max(16, _early.Length);
        while (length < needed)
            length *= 2;
        var larger = new Early[length];
        for (int ahead = 1; ahead <= _early.Length; ahead++)
        {
            ushort at = (ushort)(AckNumber + ahead);
            if (_early[at & (_early.Length - 1)].IsHere)
                larger[at & (length - 1)] = _early[at & (_early.Length - 1)];
        }
        _early = larger;
    }

    private struct Early
    {
        public byte[]? Data;
        public int Length;
        public bool IsHere;
        public bool IsFin;
    }
}
