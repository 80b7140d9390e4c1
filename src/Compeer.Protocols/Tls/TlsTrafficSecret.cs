using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Compeer.Protocols.Tls;

/// <summary>The secret that one direction's keys come from, and how the next secret comes from it. Wipes what it held when it is disposed of.</summary>
/// <remarks>Spec: RFC 8446, section 7.1 (HKDF-Expand-Label), 7.2 (the next secret), 7.3 (key and initialisation vector).</remarks>
internal sealed class TlsTrafficSecret : IDisposable
{
    private readonly HashAlgorithmName _hash;
    private readonly int _keyBytes;
    private readonly byte[] _secret;

    /// <summary>Copies the secret.</summary>
    /// <exception cref="ArgumentException">It has not the length of the suite's hash.</exception>
    public TlsTrafficSecret(TlsCipherSuite suite, ReadOnlySpan<byte> secret)
    {
        _hash = suite == TlsCipherSuite.Aes256GcmSha384 ? HashAlgorithmName.SHA384 : HashAlgorithmName.SHA256;
        _keyBytes = suite == TlsCipherSuite.Aes128GcmSha256 ? 16 : 32;
        int expected = suite == TlsCipherSuite.Aes256GcmSha384 ? SHA384.HashSizeInBytes : SHA256.HashSizeInBytes;
        if (secret.Length != expected)
            throw new ArgumentException($"A secret of {suite} has {expected} bytes, not {secret.Length}.", nameof(secret));
        _secret = secret.ToArray();
    }

    /// <summary>A new array with the key; the caller wipes it.</summary>
    public byte[] Key()
    {
        byte[] key = new byte[_keyBytes];
        Expand("key", key);
        return key;
    }

    /// <summary>Writes the 12 bytes that a record's number is added to.</summary>
    public void WriteVector(Span<byte> target) => Expand("iv", target);

    /// <summary>Goes to the next secret and forgets this one.</summary>
    public void Advance()
    {
        Span<byte> next = stackalloc byte[_secret.Length];
        Expand("traffic upd", next);
        next.CopyTo(_secret);
        CryptographicOperations.ZeroMemory(next);
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_secret);

    private void Expand(string label, Span<byte> target)
    {
        // | length: 2 | label's length: 1 | "tls13 " label | context's length, 0: 1 |
        const string Prefix = "tls13 ";
        Span<byte> info = stackalloc byte[sizeof(ushort) + 1 + Prefix.Length + label.Length + 1];
        BinaryPrimitives.WriteUInt16BigEndian(info, (ushort)target.Length);
        info[2] = (byte)(Prefix.Length + label.Length);
        Encoding.ASCII.GetBytes(Prefix, info[3..]);
        Encoding.ASCII.GetBytes(label, info[(3 + Prefix.Length)..]);
        info[^1] = 0;
        HKDF.Expand(_hash, _secret, target, info);
    }
}
