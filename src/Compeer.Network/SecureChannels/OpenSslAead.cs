using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Compeer.Protocols.Sealing;

namespace Compeer.Network.SecureChannels;

/// <summary>
/// AES-GCM and ChaCha20-Poly1305 by OpenSSL's libcrypto (1.1.1 or newer), called without what .NET's own classes put around each call.
/// Keeps one context for its key and allocates nothing per message. Not thread-safe.
/// </summary>
/// <remarks>Spec: RFC 5116, RFC 8439. Failures: <see cref="DllNotFoundException"/> where there is no libcrypto.</remarks>
public sealed class OpenSslAead : IAead
{
    private const int Sealing = 1;
    private const int Opening = 0;

    private readonly LibCrypto.CipherContextHandle _context;

    private OpenSslAead(IntPtr cipher, ReadOnlySpan<byte> key)
    {
        _context = LibCrypto.NewCipherContext();
        if (_context.IsInvalid || LibCrypto.CipherInit(_context, cipher, IntPtr.Zero, ref MemoryMarshal.GetReference(key), IntPtr.Zero, Sealing) != 1)
            throw new CryptographicException("OpenSSL refused the cipher or its key.");
    }

    /// <summary>Copies a key.</summary>
    /// <exception cref="ArgumentException">It has not a length of the algorithm's.</exception>
    public static IAead Create(AeadAlgorithm algorithm, ReadOnlySpan<byte> key) => new OpenSslAead(
        (algorithm, key.Length) switch
        {
            (AeadAlgorithm.AesGcm, 16) => LibCrypto.Aes128Gcm(),
            (AeadAlgorithm.AesGcm, 32) => LibCrypto.Aes256Gcm(),
            (AeadAlgorithm.ChaCha20Poly1305, 32) => LibCrypto.ChaCha20Poly1305(),
            _ => throw new ArgumentException($"A key of {key.Length} bytes is none of {algorithm}.", nameof(key)),
        },
        key);

    public void Seal(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> content, ReadOnlySpan<byte> ending, Span<byte> target)
    {
        if (nonce.Length != IAead.NonceBytes || target.Length != content.Length + ending.Length + IAead.TagBytes)
            throw new ArgumentException($"{content.Length} and {ending.Length} bytes do not make a message of {target.Length}.", nameof(target));
        Span<byte> tag = target[^IAead.TagBytes..];
        bool isHeld = false;
        try
        {
            _context.DangerousAddRef(ref isHeld);
            IntPtr context = _context.DangerousGetHandle();
            if (!TryBegin(context, nonce, Sealing) || !TryAssociate(context, associatedData)
                || !TryUpdate(context, content, target) || !TryUpdate(context, ending, target[content.Length..])
                || LibCrypto.CipherFinal(context, ref MemoryMarshal.GetReference(tag), out _) != 1
                || LibCrypto.ControlCipher(context, LibCrypto.GetTag, IAead.TagBytes, ref MemoryMarshal.GetReference(tag)) != 1)
                throw new CryptographicException("OpenSSL did not seal.");
        }
        finally
        {
            if (isHeld)
                _context.DangerousRelease();
        }
    }

    public bool TryOpen(ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> associatedData, ReadOnlySpan<byte> message, Span<byte> target)
    {
        if (nonce.Length != IAead.NonceBytes || target.Length != message.Length - IAead.TagBytes)
            throw new ArgumentException($"A message of {message.Length} bytes does not open into {target.Length}.", nameof(target));
        Span<byte> tag = stackalloc byte[IAead.TagBytes];
        message[^IAead.TagBytes..].CopyTo(tag);
        bool isHeld = false;
        bool isOpen;
        try
        {
            _context.DangerousAddRef(ref isHeld);
            IntPtr context = _context.DangerousGetHandle();
            isOpen = TryBegin(context, nonce, Opening)
                && LibCrypto.ControlCipher(context, LibCrypto.SetTag, IAead.TagBytes, ref MemoryMarshal.GetReference(tag)) == 1
                && TryAssociate(context, associatedData) && TryUpdate(context, message[..^IAead.TagBytes], target)
                && LibCrypto.CipherFinal(context, ref MemoryMarshal.GetReference(tag), out _) == 1;
        }
        finally
        {
            if (isHeld)
                _context.DangerousRelease();
        }
        if (!isOpen)
        {
            target.Clear();
            LibCrypto.ClearErrors();
        }
        return isOpen;
    }

    public void Dispose() => _context.Dispose();

    private static bool TryBegin(IntPtr context, ReadOnlySpan<byte> nonce, int direction) =>
        LibCrypto.CipherInit(context, IntPtr.Zero, IntPtr.Zero, IntPtr.Zero, ref MemoryMarshal.GetReference(nonce), direction) == 1;

    private static bool TryAssociate(IntPtr context, ReadOnlySpan<byte> data) =>
        data.IsEmpty || LibCrypto.CipherUpdate(context, IntPtr.Zero, out _, ref MemoryMarshal.GetReference(data), data.Length) == 1;

    private static bool TryUpdate(IntPtr context, ReadOnlySpan<byte> input, Span<byte> target) =>
        input.IsEmpty
        || LibCrypto.CipherUpdate(context, ref MemoryMarshal.GetReference(target), out int written, ref MemoryMarshal.GetReference(input), input.Length) == 1
        && written == input.Length;
}
