using System.Buffers.Binary;
using System.Net;

namespace Compeer.Protocols.Connecting;

/// <summary>The network that an address belongs to: its /24, or its /64.</summary>
internal readonly record struct AddressPrefix(int AddressBytes, ulong Bits)
{
    public static AddressPrefix Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        return new AddressPrefix(length, length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) >> 8 : BinaryPrimitives.ReadUInt64BigEndian(bytes));
    }
}

/// <summary>What is known of, and being done to, one address or one network: its entries, dials under way, and how many more may fail.</summary>
internal sealed class AddressLedger(int dialsPerHour)
{
    private double _allowance = dialsPerHour;
    private Instant _at;

    /// <summary>The entries there.</summary>
    public List<PeerEntry> Entries { get; } = [];

    /// <summary>Dials under way.</summary>
    public int Dialling { get; set; }

    /// <summary>Nothing would be lost by forgetting it.</summary>
    public bool IsIdle(Instant now) => Entries.Count == 0 && Dialling == 0 && Allowance(now) >= dialsPerHour;

    /// <summary>When one more dial may fail here; not later than now when it may at once.</summary>
    public Instant NextAllowed(Instant now)
    {
        double missing = 1 - Allowance(now);
        return missing <= 0 ? now : now + TimeSpan.FromHours(missing / dialsPerHour) + TimeSpan.FromMilliseconds(1);
    }

    /// <summary>A dial begins that may come to nothing.</summary>
    public void Spend(Instant now) => _allowance = Allowance(now) - 1;

    /// <summary>It found a peer.</summary>
    public void Refund(Instant now) => _allowance = Math.Min(dialsPerHour, Allowance(now) + 1);

    private double Allowance(Instant now)
    {
        if (now > _at)
        {
            _allowance = Math.Min(dialsPerHour, _allowance + ((now - _at).TotalHours * dialsPerHour));
            _at = now;
        }
        return _allowance;
    }
}
