using System.Net;

namespace Compeer.Protocols.Stun;

/// <summary>How many datagrams of unknown people a server looks at. Worst case: 64 bytes for each address, 256 KB with the defaults.</summary>
public sealed record StunRateLimitOptions
{
    /// <summary>Requests of one address (IPv6: one /64) a second.</summary>
    public int PerAddress { get; init; } = 50;

    /// <summary>Requests of all addresses together a second.</summary>
    public int Total { get; init; } = 2000;

    /// <summary>Addresses told apart within a second; requests of further ones wait for the next.</summary>
    public int MaxAddresses { get; init; } = 4096;
}

/// <summary>Counts requests by address, anew each second; so neither one address nor many make a server work without end.</summary>
/// <param name="options">Limits.</param>
public sealed class StunRateLimit(StunRateLimitOptions options)
{
    private readonly Dictionary<UInt128, int> _counts = [];
    private Instant _windowEnds;
    private int _total;

    /// <summary>Whether a request of <paramref name="address"/> may be looked at; counts it.</summary>
    public bool TryTake(IPAddress address, Instant now)
    {
        if (now >= _windowEnds)
        {
            _windowEnds = now + TimeSpan.FromSeconds(1);
            _counts.Clear();
            _total = 0;
        }
        if (_total >= options.Total)
            return false;
        UInt128 key = Key(address);
        int count = _counts.GetValueOrDefault(key);
        if (count >= options.PerAddress || (count == 0 && _counts.Count >= options.MaxAddresses))
            return false;
        _counts[key] = count + 1;
        _total++;
        return true;
    }

    private static UInt128 Key(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out int length);
        // A household has a /64 of IPv6.
        return length == 16
            ? new UInt128(1, System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(bytes))
            : System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(bytes);
    }
}
