using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Compeer.Protocols.Identity;

namespace Compeer.Network.SecureChannels;

/// <summary>Ed25519 by OpenSSL's libcrypto (1.1.1 or newer). Thread-safe.</summary>
/// <remarks>Spec: RFC 8032. Failures: <see cref="DllNotFoundException"/> where there is no libcrypto.</remarks>
public sealed class OpenSslEd25519 : IEd25519
{
    private const int KeyBytes = 32;
    private const int SignatureBytes = 64;

    private OpenSslEd25519()
    {
    }

    /// <summary>The one instance; it holds nothing.</summary>
    public static OpenSslEd25519 Instance { get; } = new();

    public void WritePublicKey(ReadOnlySpan<byte> secretKey, Span<byte> publicKey)
    {
        using LibCrypto.PublicKeyHandle key = Private(secretKey);
        nuint length = KeyBytes;
        if (publicKey.Length < KeyBytes || LibCrypto.GetPublicKey(key, ref MemoryMarshal.GetReference(publicKey), ref length) != 1)
            throw new ArgumentException("An Ed25519 public key takes 32 bytes.", nameof(publicKey));
    }

    public void Sign(ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        using LibCrypto.PublicKeyHandle key = Private(secretKey);
        Sign(key, message, signature);
    }

    /// <summary>Signs with a key of <see cref="Private"/>.</summary>
    internal static void Sign(LibCrypto.PublicKeyHandle key, ReadOnlySpan<byte> message, Span<byte> signature)
    {
        if (signature.Length < SignatureBytes)
            throw new ArgumentException("An Ed25519 signature takes 64 bytes.", nameof(signature));
        using LibCrypto.DigestContextHandle context = LibCrypto.NewContext();
        nuint length = SignatureBytes;
        if (LibCrypto.SignInit(context, IntPtr.Zero, IntPtr.Zero, IntPtr.Zero, key) != 1
            || LibCrypto.Sign(context, ref MemoryMarshal.GetReference(signature), ref length, ref Start(message), (nuint)message.Length) != 1)
            throw new CryptographicException("OpenSSL could not sign.");
    }

    public bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != KeyBytes || signature.Length != SignatureBytes)
            return false;
        using LibCrypto.PublicKeyHandle key = LibCrypto.NewPublicKey(LibCrypto.Ed25519, IntPtr.Zero, ref Start(publicKey), KeyBytes);
        if (key.IsInvalid)
            return false;
        using LibCrypto.DigestContextHandle context = LibCrypto.NewContext();
        return LibCrypto.VerifyInit(context, IntPtr.Zero, IntPtr.Zero, IntPtr.Zero, key) == 1
            && LibCrypto.Verify(context, ref Start(signature), SignatureBytes, ref Start(message), (nuint)message.Length) == 1;
    }

    /// <summary>A key that signs many times: making it costs as much as signing.</summary>
    internal static LibCrypto.PublicKeyHandle Private(ReadOnlySpan<byte> secretKey)
    {
        if (secretKey.Length != KeyBytes)
            throw new ArgumentException($"An Ed25519 secret key has {KeyBytes} bytes, not {secretKey.Length}.", nameof(secretKey));
        LibCrypto.PublicKeyHandle key = LibCrypto.NewPrivateKey(LibCrypto.Ed25519, IntPtr.Zero, ref Start(secretKey), KeyBytes);
        return key.IsInvalid ? throw new CryptographicException("OpenSSL refused the secret key.") : key;
    }

    private static ref byte Start(ReadOnlySpan<byte> bytes) => ref MemoryMarshal.GetReference(bytes);
}
