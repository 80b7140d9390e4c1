using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;

namespace Compeer.Protocols.Utp;

/// <summary>
/// First sequence numbers that need no memory: our number in the answer to a SYN is a keyed hash of who asks, so a first
/// packet which acknowledges it proves that the answer arrived, that is, that the address is not forged. A flood of SYNs
/// therefore leaves nothing behind.
/// </summary>
/// <remarks>The key changes every two minutes; the one before it still counts. Spec: the idea of RFC 4987, section 3.6, for BEP 29.</remarks>
internal sealed class UtpSynCookies
{
    private const int KeyBytes = 32;
    private static readonly TimeSpan KeyLifetime = TimeSpan.FromMinutes(2);

    private readonly Random _random;
    private readonly byte[][] _keys = [new byte[KeyBytes], new byte[KeyBytes]];
    private Instant _newKeyAt;

    public UtpSynCookies(Random random, Instant now)
    {
        _random = random;
        random.NextBytes(_keys[0]);
        random.NextBytes(_keys[1]);
        _newKeyAt = now + KeyLifetime;
    }

    /// <summary>Our first number for a SYN.</summary>
    public ushort NumberFor(IPEndPoint from, ushort synId, ushort synNumber, Instant now)
    {
        if (now >= _newKeyAt)
        {
            (_keys[0], _keys[1]) = (_keys[1], _keys[0]);
            _random.NextBytes(_keys[0]);
            _newKeyAt = now + KeyLifetime;
        }
        return Hash(_keys[0], from, synId, synNumber);
    }

    /// <summary>Whether we gave that number for that SYN.</summary>
    public bool IsOurs(ushort number, IPEndPoint from, ushort synId, ushort synNumber) =>
        number == Hash(_keys[0], from, synId, synNumber) || number == Hash(_keys[1], from, synId, synNumber);

    private static ushort Hash(byte[] key, IPEndPoint from, ushort synId, ushort synNumber)
    {
        Span<byte> text = stackalloc byte[22];
        text.Clear();
        from.Address.TryWriteBytes(text, out _);
        BinaryPrimitives.WriteUInt16BigEndian(text[16..], (ushort)from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(text[18..], synId);
        BinaryPrimitives.WriteUInt16BigEndian(text[20..], synNumber);
        Span<byte> hash = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HMACSHA256.HashData(key, text, hash);
        return BinaryPrimitives.ReadUInt16BigEndian(hash);
    }
}
