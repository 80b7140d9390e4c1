using System.Buffers.Binary;
using System.Net;
using System.Security.Cryptography;

namespace Compeer.Protocols.Turn;

/// <summary>
/// Nonces kept nowhere: a keyed digest of the current span of time and the client's endpoint.
/// One is accepted for once to twice the lifetime, from the endpoint it was given to. Spec: RFC 8489 section 9.2.
/// </summary>
/// <param name="secret">At least 16 random bytes; copied.</param>
/// <param name="lifetime">The span of time.</param>
internal sealed class TurnNonces(ReadOnlySpan<byte> secret, TimeSpan lifetime)
{
    /// <summary>Length of a nonce.</summary>
    public const int LengthBytes = 24;

    private const int DigestBytes = 12;

    private readonly byte[] _secret = secret.Length >= 16
        ? secret.ToArray()
        : throw new ArgumentException("The secret needs 16 bytes.", nameof(secret));

    public void Write(Span<byte> nonce, IPEndPoint client, Instant now) => Compute(nonce, client, now.Ticks / lifetime.Ticks);

    public bool IsFresh(ReadOnlySpan<byte> nonce, IPEndPoint client, Instant now)
    {
        Span<byte> expected = stackalloc byte[LengthBytes];
        bool fresh = false;
        for (long back = 0; back <= 1; back++)
        {
            Compute(expected, client, (now.Ticks / lifetime.Ticks) - back);
            fresh |= CryptographicOperations.FixedTimeEquals(nonce, expected);
        }
        return fresh;
    }

    private void Compute(Span<byte> nonce, IPEndPoint client, long epoch)
    {
        Span<byte> input = stackalloc byte[26];
        Span<byte> digest = stackalloc byte[HMACSHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt64BigEndian(input, epoch);
        BinaryPrimitives.WriteUInt16BigEndian(input[8..], (ushort)client.Port);
        client.Address.TryWriteBytes(input[10..], out int length);
        HMACSHA256.HashData(_secret, input[..(10 + length)], digest);
        Convert.TryToHexStringLower(digest[..DigestBytes], nonce, out _);
    }
}
