namespace Compeer.Protocols.Kademlia;

/// <summary>Keys as bits, the most significant first.</summary>
internal static class KeyBits
{
    /// <summary>Makes a random key that shares exactly the first <paramref name="bits"/> bits with <paramref name="own"/>; both have the same length.</summary>
    public static void FillInBucket(ReadOnlySpan<byte> own, Span<byte> key, int bits, Random random)
    {
        random.NextBytes(key);
        for (int bit = 0; bit < Math.Min(bits + 1, 8 * key.Length); bit++)
        {
            byte mask = (byte)(0x80 >> (bit % 8));
            int wanted = bit < bits ? own[bit / 8] & mask : ~own[bit / 8] & mask;
            key[bit / 8] = (byte)((key[bit / 8] & ~mask) | wanted);
        }
    }
}
