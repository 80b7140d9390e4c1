using System.Buffers.Binary;
using System.Security.Cryptography;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

/// <summary>
/// Tokens that prove that somebody received our answer at an address, and asked for a key. Nothing is stored for them: a
/// token is a keyed hash of address and key. The secret changes every five minutes, and the one before it is accepted.
/// </summary>
/// <remarks>Spec: BEP 5, "get_peers".</remarks>
internal sealed class DhtTokens(Random random, Instant now)
{
    /// <summary>Bytes of a token.</summary>
    public const int LengthBytes = 4;

    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);

    private readonly byte[] _current = NewSecret(random);
    private readonly byte[] _previous = NewSecret(random);
    private Instant _changesAt = now + Lifetime;

    public void Write(Span<byte> token, NodeEndPoint host, Key160 target, Instant now)
    {
        Rotate(now);
        Compute(token, _current, host, target);
    }

    public bool IsValid(ReadOnlySpan<byte> token, NodeEndPoint host, Key160 target, Instant now)
    {
        Rotate(now);
        Span<byte> expected = stackalloc byte[LengthBytes];
        Compute(expected, _current, host, target);
        if (CryptographicOperations.FixedTimeEquals(expected, token))
            return true;
        Compute(expected, _previous, host, target);
        return CryptographicOperations.FixedTimeEquals(expected, token);
    }

    private static void Compute(Span<byte> token, ReadOnlySpan<byte> secret, NodeEndPoint host, Key160 target)
    {
        Span<byte> input = stackalloc byte[16 + 17 + Key160.LengthBytes];
        secret.CopyTo(input);
        input[16] = host.IsV6 ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt64BigEndian(input[17..], host.High);
        BinaryPrimitives.WriteUInt64BigEndian(input[25..], host.Low);
        target.Write(input[33..]);
        Span<byte> hash = stackalloc byte[SHA1.HashSizeInBytes];
        SHA1.HashData(input, hash);
        hash[..LengthBytes].CopyTo(token);
    }

    private void Rotate(Instant now)
    {
        if (now < _changesAt)
            return;
        // After a long pause both must change.
        bool stale = now >= _changesAt + Lifetime;
        _current.CopyTo(_previous, 0);
        random.NextBytes(_current);
        if (stale)
            random.NextBytes(_previous);
        _changesAt = now + Lifetime;
    }

    private static byte[] NewSecret(Random random)
    {
        byte[] secret = new byte[16];
        random.NextBytes(secret);
        return secret;
    }
}
