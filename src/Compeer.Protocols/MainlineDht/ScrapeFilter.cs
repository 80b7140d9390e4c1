using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace Compeer.Protocols.MainlineDht;

/// <summary>A Bloom filter of addresses with which the size of a swarm is counted over several nodes.</summary>
/// <remarks>Spec: BEP 33.</remarks>
public sealed class ScrapeFilter
{
    /// <summary>Bytes of the filter.</summary>
    public const int LengthBytes = 256;

    private const int Bits = LengthBytes * 8;

    private readonly byte[] _bits = new byte[LengthBytes];

    /// <summary>The filter as it is sent.</summary>
    public ReadOnlySpan<byte> Span => _bits;

    /// <summary>Adds the address of an endpoint.</summary>
    public void Add(NodeEndPoint host)
    {
        Span<byte> address = stackalloc byte[16];
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(address[..host.WriteAddress(address)], hash);
        Set(BinaryPrimitives.ReadUInt16LittleEndian(hash) % Bits);
        Set(BinaryPrimitives.ReadUInt16LittleEndian(hash[2..]) % Bits);
    }

    /// <summary>Adds all of another filter; false when it has a wrong length or is too full to be true.</summary>
    public bool TryUnite(ReadOnlySpan<byte> filter)
    {
        if (filter.Length != LengthBytes)
            return false;
        int zeros = 0;
        foreach (byte value in filter)
            zeros += 8 - BitOperations.PopCount(value);
        // 6,000 addresses, the most a node may hold, leave about 6 zeros.
        if (zeros < 4)
            return false;
        for (int i = 0; i < LengthBytes; i++)
            _bits[i] |= filter[i];
        return true;
    }

    /// <summary>About how many addresses were added.</summary>
    public double Estimate
    {
        get
        {
            int zeros = 0;
            foreach (byte value in _bits)
                zeros += 8 - BitOperations.PopCount(value);
            double share = Math.Max(1, Math.Min(Bits - 1, zeros)) / (double)Bits;
            return zeros == Bits ? 0 : Math.Log(share) / (2 * Math.Log(1 - 1.0 / Bits));
        }
    }

    private void Set(int bit) => _bits[bit / 8] |= (byte)(1 << (bit % 8));
}
