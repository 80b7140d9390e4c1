using System.Buffers.Binary;

namespace Compeer.Protocols.MessageStreamEncryption;

/// <summary>Diffie-Hellman key agreement in the 768-bit group of message stream encryption. Keys are big-endian and of fixed width.</summary>
/// <remarks>
/// Spec: Message Stream Encryption, "P", "G" (generator 2). The modulus is a safe prime, so 0, 1 and P - 1 are the only
/// values that force a secret. Not constant in time: the exchange authenticates nobody, and each private key is used once.
/// </remarks>
public static class DiffieHellman768
{
    /// <summary>Length of public keys and of the secret in bytes.</summary>
    public const int KeyBytes = 96;

    /// <summary>Length of private keys in bytes: 160 bits.</summary>
    public const int PrivateKeyBytes = 20;

    private const int Limbs = Montgomery768.Limbs;

    /// <summary>Computes our public key.</summary>
    /// <exception cref="ArgumentException">A span has another length than its key.</exception>
    public static void PublicKey(ReadOnlySpan<byte> privateKey, Span<byte> publicKey)
    {
        CheckLengths(privateKey, publicKey);
        Span<ulong> generator = stackalloc ulong[Limbs];
        generator.Clear();
        generator[0] = 2;
        Montgomery768.Power(generator, privateKey, generator);
        Write(generator, publicKey);
    }

    /// <summary>Computes the shared secret; false when the remote's key is 0, 1, P - 1 or no number below P.</summary>
    /// <exception cref="ArgumentException">A span has another length than its key.</exception>
    public static bool TryAgree(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> remoteKey, Span<byte> secret)
    {
        CheckLengths(privateKey, remoteKey);
        CheckLengths(privateKey, secret);
        Span<ulong> value = stackalloc ulong[Limbs];
        for (int n = 0; n < Limbs; n++)
            value[n] = BinaryPrimitives.ReadUInt64BigEndian(remoteKey[(KeyBytes - 8 * (n + 1))..]);
        if (IsDegenerate(value))
            return false;
        Montgomery768.Power(value, privateKey, value);
        Write(value, secret);
        return true;
    }

    private static bool IsDegenerate(ReadOnlySpan<ulong> value)
    {
        if (value[0] <= 1 && !value[1..].ContainsAnyExcept(0UL))
            return true;
        for (int n = Limbs - 1; n > 0; n--)
        {
            if (value[n] != Montgomery768.Modulus[n])
                return value[n] > Montgomery768.Modulus[n];
        }
        return value[0] >= Montgomery768.Modulus[0] - 1;
    }

    private static void Write(ReadOnlySpan<ulong> value, Span<byte> target)
    {
        for (int n = 0; n < Limbs; n++)
            BinaryPrimitives.WriteUInt64BigEndian(target[(KeyBytes - 8 * (n + 1))..], value[n]);
    }

    private static void CheckLengths(ReadOnlySpan<byte> privateKey, ReadOnlySpan<byte> key)
    {
        if (privateKey.Length != PrivateKeyBytes)
            throw new ArgumentException($"A private key has {PrivateKeyBytes} bytes, not {privateKey.Length}.", nameof(privateKey));
        if (key.Length != KeyBytes)
            throw new ArgumentException($"A key has {KeyBytes} bytes, not {key.Length}.", nameof(key));
    }
}
