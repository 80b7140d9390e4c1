using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Compeer.Protocols.Noise;

namespace Compeer.Network.SecureChannels;

/// <summary>X25519 by OpenSSL's libcrypto (1.1.1 or newer). Thread-safe.</summary>
/// <remarks>Spec: RFC 7748. Failures: <see cref="DllNotFoundException"/> where there is no libcrypto.</remarks>
public sealed class OpenSslX25519 : IX25519
{
    private const int KeyBytes = 32;

    private OpenSslX25519()
    {
    }

    /// <summary>The one instance; it holds nothing.</summary>
    public static OpenSslX25519 Instance { get; } = new();

    public void WritePublicKey(ReadOnlySpan<byte> secretKey, Span<byte> publicKey)
    {
        using LibCrypto.PublicKeyHandle key = Private(secretKey);
        nuint length = KeyBytes;
        if (publicKey.Length < KeyBytes || LibCrypto.GetPublicKey(key, ref MemoryMarshal.GetReference(publicKey), ref length) != 1)
            throw new ArgumentException("An X25519 public key takes 32 bytes.", nameof(publicKey));
    }

    public bool TryAgree(ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> remotePublicKey, Span<byte> shared)
    {
        if (remotePublicKey.Length != KeyBytes || shared.Length < KeyBytes)
            throw new ArgumentException("X25519 keys and what they share have 32 bytes.", nameof(remotePublicKey));
        using LibCrypto.PublicKeyHandle key = Private(secretKey);
        using LibCrypto.PublicKeyHandle remote = LibCrypto.NewPublicKey(LibCrypto.X25519, IntPtr.Zero, ref MemoryMarshal.GetReference(remotePublicKey), KeyBytes);
        using LibCrypto.AgreementHandle agreement = LibCrypto.NewAgreement(key, IntPtr.Zero);
        nuint length = KeyBytes;
        // OpenSSL fails where the outcome is zero, as it is for points of low order; what it wrote is not told.
        bool agreed = !remote.IsInvalid && LibCrypto.AgreeInit(agreement) == 1 && LibCrypto.AgreeWith(agreement, remote) == 1
            && LibCrypto.Agree(agreement, ref MemoryMarshal.GetReference(shared), ref length) == 1;
        if (!agreed)
            shared[..KeyBytes].Clear();
        return agreed;
    }

    private static LibCrypto.PublicKeyHandle Private(ReadOnlySpan<byte> secretKey)
    {
        if (secretKey.Length != KeyBytes)
            throw new ArgumentException($"An X25519 secret key has {KeyBytes} bytes, not {secretKey.Length}.", nameof(secretKey));
        LibCrypto.PublicKeyHandle key = LibCrypto.NewPrivateKey(LibCrypto.X25519, IntPtr.Zero, ref MemoryMarshal.GetReference(secretKey), KeyBytes);
        return key.IsInvalid ? throw new CryptographicException("OpenSSL refused the secret key.") : key;
    }
}
