using System.Buffers;
using System.Security.Cryptography;
using Compeer.Protocols.Sealing;

namespace Compeer.Protocols.Noise;

/// <summary>
/// The three messages of Noise_XX_25519_ChaChaPoly_SHA256, without framing: "e", "e, ee, s, es", "s, se". The initiator writes the
/// first and third and reads the second. A message that cannot be read ends the handshake.
/// </summary>
/// <remarks>Spec: Noise, sections 5 and 7.5.</remarks>
public sealed class NoiseXx : IDisposable
{
    /// <summary>Length of every key.</summary>
    public const int KeyBytes = 32;

    /// <summary>How many messages there are.</summary>
    public const int Messages = 3;

    private readonly IX25519 _x25519;
    private readonly AeadFactory _aeads;
    private readonly byte[] _staticKey;
    private readonly byte[] _ephemeralKey;
    private readonly byte[] _chainingKey = new byte[KeyBytes];
    private readonly byte[] _hash = new byte[KeyBytes];
    private readonly byte[] _remoteEphemeral = new byte[KeyBytes];
    private readonly byte[] _remoteStatic = new byte[KeyBytes];
    private NoiseCipher? _cipher;

    /// <summary>Begins a handshake.</summary>
    /// <param name="x25519">The curve.</param>
    /// <param name="aeads">Makes the ciphers.</param>
    /// <param name="isInitiator">Whether we write first.</param>
    /// <param name="staticKey">Our secret of 32 bytes that is signed for.</param>
    /// <param name="ephemeralKey">Fresh random 32 bytes, never used twice.</param>
    /// <param name="prologue">What both sides must hold for the same.</param>
    public NoiseXx(IX25519 x25519, AeadFactory aeads, bool isInitiator, ReadOnlySpan<byte> staticKey, ReadOnlySpan<byte> ephemeralKey, ReadOnlySpan<byte> prologue)
    {
        _x25519 = x25519;
        _aeads = aeads;
        IsInitiator = isInitiator;
        _staticKey = staticKey.ToArray();
        _ephemeralKey = ephemeralKey.ToArray();
        "Noise_XX_25519_ChaChaPoly_SHA256"u8.CopyTo(_hash);
        _hash.CopyTo(_chainingKey, 0);
        MixHash(prologue);
    }

    /// <summary>Whether we write the first message.</summary>
    public bool IsInitiator { get; }

    /// <summary>How many messages were written and read; three complete the handshake.</summary>
    public int Done { get; private set; }

    /// <summary>Whether the next message is ours to write.</summary>
    public bool IsOurTurn => Done < Messages && (Done % 2 == 0) == IsInitiator;

    /// <summary>The remote's static public key, once the message that carries it was read.</summary>
    public ReadOnlySpan<byte> RemoteStaticKey => _remoteStatic;

    /// <summary>The hash of all that passed; the same on both sides once all is done.</summary>
    public ReadOnlySpan<byte> Hash => _hash;

    /// <summary>Writes our next message around a payload; false where the remote's keys are of low order.</summary>
    /// <exception cref="InvalidOperationException">It is not our turn.</exception>
    public bool TryWrite(ReadOnlySpan<byte> payload, IBufferWriter<byte> output)
    {
        if (!IsOurTurn)
            throw new InvalidOperationException("The next message is the remote's.");
        Span<byte> key = stackalloc byte[KeyBytes];
        if (Done < 2)
        {
            _x25519.WritePublicKey(_ephemeralKey, key);
            MixHash(key);
            output.Write(key);
        }
        if (Done == 1 && !TryMixKey(_ephemeralKey, _remoteEphemeral))
            return false;
        if (Done > 0)
        {
            _x25519.WritePublicKey(_staticKey, key);
            EncryptAndHash(key, output);
            if (!TryMixKey(_staticKey, _remoteEphemeral))
                return false;
        }
        EncryptAndHash(payload, output);
        Done++;
        return true;
    }

    /// <summary>Reads the remote's next message; false where it is cut, forged, or made with keys of low order.</summary>
    /// <exception cref="InvalidOperationException">It is our turn, or all is done.</exception>
    public bool TryRead(ReadOnlySpan<byte> message, out byte[] payload)
    {
        if (IsOurTurn || Done == Messages)
            throw new InvalidOperationException("The next message is ours.");
        payload = [];
        ReadOnlySpan<byte> rest = message;
        if (Done < 2)
        {
            if (rest.Length < KeyBytes)
                return false;
            rest[..KeyBytes].CopyTo(_remoteEphemeral);
            MixHash(_remoteEphemeral);
            rest = rest[KeyBytes..];
        }
        if (Done == 1 && !TryMixKey(_ephemeralKey, _remoteEphemeral))
            return false;
        if (Done > 0)
        {
            const int Length = KeyBytes + NoiseCipher.TagBytes;
            if (rest.Length < Length || !TryDecryptAndHash(rest[..Length], _remoteStatic) || !TryMixKey(_ephemeralKey, _remoteStatic))
                return false;
            rest = rest[Length..];
        }
        if (_cipher is not null && rest.Length < NoiseCipher.TagBytes)
            return false;
        payload = new byte[rest.Length - (_cipher is null ? 0 : NoiseCipher.TagBytes)];
        if (!TryDecryptAndHash(rest, payload))
            return false;
        Done++;
        return true;
    }

    /// <summary>The ciphers of both directions, once all is done. The caller owns them.</summary>
    /// <exception cref="InvalidOperationException">The handshake is not complete.</exception>
    public (NoiseCipher Sending, NoiseCipher Receiving) Split()
    {
        if (Done < Messages)
            throw new InvalidOperationException("The handshake is not complete.");
        Span<byte> keys = stackalloc byte[2 * KeyBytes];
        DeriveKeys(default, keys);
        var initiators = new NoiseCipher(_aeads, keys[..KeyBytes]);
        var responders = new NoiseCipher(_aeads, keys[KeyBytes..]);
        CryptographicOperations.ZeroMemory(keys);
        return IsInitiator ? (initiators, responders) : (responders, initiators);
    }

    /// <summary>Clears the secrets.</summary>
    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_staticKey);
        CryptographicOperations.ZeroMemory(_ephemeralKey);
        CryptographicOperations.ZeroMemory(_chainingKey);
        _cipher?.Dispose();
    }

    private void MixHash(ReadOnlySpan<byte> data)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_hash);
        hash.AppendData(data);
        hash.GetHashAndReset(_hash);
    }

    /// <summary>HKDF (RFC 5869) with the chaining key as salt and no info; .NET's own takes no empty input.</summary>
    private void DeriveKeys(ReadOnlySpan<byte> input, Span<byte> keys)
    {
        Span<byte> extracted = stackalloc byte[KeyBytes];
        Span<byte> block = stackalloc byte[KeyBytes + 1];
        HMACSHA256.HashData(_chainingKey, input, extracted);
        HMACSHA256.HashData(extracted, [1], keys[..KeyBytes]);
        keys[..KeyBytes].CopyTo(block);
        block[^1] = 2;
        HMACSHA256.HashData(extracted, block, keys[KeyBytes..]);
        CryptographicOperations.ZeroMemory(extracted);
        CryptographicOperations.ZeroMemory(block);
    }

    private bool TryMixKey(ReadOnlySpan<byte> ours, ReadOnlySpan<byte> theirs)
    {
        Span<byte> shared = stackalloc byte[KeyBytes];
        Span<byte> keys = stackalloc byte[2 * KeyBytes];
        bool agreed = _x25519.TryAgree(ours, theirs, shared);
        if (agreed)
        {
            DeriveKeys(shared, keys);
            keys[..KeyBytes].CopyTo(_chainingKey);
            _cipher?.Dispose();
            _cipher = new NoiseCipher(_aeads, keys[KeyBytes..]);
        }
        CryptographicOperations.ZeroMemory(shared);
        CryptographicOperations.ZeroMemory(keys);
        return agreed;
    }

    private void EncryptAndHash(ReadOnlySpan<byte> plaintext, IBufferWriter<byte> output)
    {
        int length = plaintext.Length + (_cipher is null ? 0 : NoiseCipher.TagBytes);
        Span<byte> target = output.GetSpan(Math.Max(1, length))[..length];
        if (_cipher is null)
            plaintext.CopyTo(target);
        else
            _cipher.Encrypt(plaintext, target, _hash);
        MixHash(target);
        output.Advance(length);
    }

    private bool TryDecryptAndHash(ReadOnlySpan<byte> message, Span<byte> plaintext)
    {
        if (_cipher is null)
            message.CopyTo(plaintext);
        else if (!_cipher.TryDecrypt(message, plaintext, _hash))
            return false;
        MixHash(message);
        return true;
    }
}
