using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Compeer.Network.Native;

namespace Compeer.Network.SecureChannels;

/// <summary>
/// The file that keeps a peer's secret key: readable by its owner alone, there whole or not at all. Without a passphrase it holds
/// libp2p's protobuf form; with one, that is encrypted.
/// </summary>
/// <remarks>
/// The encrypted form, lengths in bytes; the key is PBKDF2 of the passphrase with HMAC-SHA-512 (RFC 8018), the cipher AES-256-GCM with
/// all that precedes the ciphertext as associated data:
/// <code>
/// | "CompeerKey1\n": 12 | rounds: 4, big-endian | salt: 16 | nonce: 12 | ciphertext | tag: 16 |
/// </code>
/// </remarks>
public static class IdentityFile
{
    /// <summary>Rounds of new files: a quarter of a second or so.</summary>
    public const int DefaultRounds = 600_000;

    private const int MaxRounds = 100_000_000;
    private const int MaxFileBytes = 64 * 1024;
    private const int SaltBytes = 16;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;
    private const int KeyBytes = 32;
    private const int SaltAt = 12 + sizeof(uint);
    private const int NonceAt = SaltAt + SaltBytes;
    private const int CiphertextAt = NonceAt + NonceBytes;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private static ReadOnlySpan<byte> Magic => "CompeerKey1\n"u8;

    /// <summary>Reads the key, or makes one where there is no file.</summary>
    /// <exception cref="IdentityFileException">The file cannot be used.</exception>
    public static PrivateIdentity LoadOrCreate(string path, string? passphrase = null)
    {
        if (File.Exists(path))
            return Load(path, passphrase);
        var identity = PrivateIdentity.Generate();
        Write(path, identity, passphrase, DefaultRounds, overwrite: false);
        return Load(path, passphrase);
    }

    /// <summary>Reads the key.</summary>
    /// <exception cref="IdentityFileException">The file cannot be used: it is missing, damaged, readable by others, or locked by another passphrase.</exception>
    public static PrivateIdentity Load(string path, string? passphrase = null)
    {
        byte[] content = Read(path);
        try
        {
            if (!content.AsSpan().StartsWith(Magic))
                return PrivateIdentity.Import(content);
            byte[] secret = Unlock(path, content, passphrase);
            var identity = PrivateIdentity.Import(secret);
            CryptographicOperations.ZeroMemory(secret);
            return identity;
        }
        catch (FormatException e)
        {
            throw new IdentityFileException($"'{path}' holds no key: {e.Message} Restore it from a copy, or move it away to begin with a new identity.", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
        }
    }

    /// <summary>Writes the key, in the place of any that the file held.</summary>
    /// <param name="path">The file; its folder must be there.</param>
    /// <param name="identity">The key.</param>
    /// <param name="passphrase">Encrypts it, where there is one.</param>
    /// <param name="rounds">How slow a guess at the passphrase shall be.</param>
    /// <exception cref="IdentityFileException">The system refuses; an older file is untouched then.</exception>
    public static void Save(string path, PrivateIdentity identity, string? passphrase = null, int rounds = DefaultRounds) =>
        Write(path, identity, passphrase, rounds, overwrite: true);

    private static byte[] Read(string path)
    {
        try
        {
            var file = new FileInfo(path);
            if (!OperatingSystem.IsWindows() && (file.UnixFileMode & ~(OwnerOnly | UnixFileMode.UserExecute)) != 0)
                throw new IdentityFileException($"'{path}' holds a secret key, but others than its owner may use the file. Run: chmod 600 '{path}'", null);
            return file.Length <= MaxFileBytes
                ? File.ReadAllBytes(path)
                : throw new IdentityFileException($"'{path}' holds no key: it has {file.Length} bytes.", null);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IdentityFileException($"The key in '{path}' cannot be read: {e.Message}", e);
        }
    }

    private static void Write(string path, PrivateIdentity identity, string? passphrase, int rounds, bool overwrite)
    {
        byte[] content = identity.Export();
        if (passphrase is not null)
            content = Lock(content, passphrase, rounds);
        string fresh = $"{path}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}.new";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = OwnerOnly;
            using (var file = new FileStream(fresh, options))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            if (overwrite || !File.Exists(path))
                File.Move(fresh, path, overwrite);
            DirectorySync.Flush(Path.GetDirectoryName(Path.GetFullPath(path))!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IdentityFileException($"The key cannot be written to '{path}': {e.Message} Nothing was changed. Make room, or check who may write there.", e);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(content);
            if (File.Exists(fresh))
                File.Delete(fresh);
        }
    }

    private static byte[] Lock(byte[] secret, string passphrase, int rounds)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)rounds - 1, (uint)MaxRounds - 1);
        var file = new byte[CiphertextAt + secret.Length + TagBytes];
        Magic.CopyTo(file);
        BinaryPrimitives.WriteInt32BigEndian(file.AsSpan(Magic.Length), rounds);
        RandomNumberGenerator.Fill(file.AsSpan(SaltAt, SaltBytes + NonceBytes));
        using AesGcm cipher = Cipher(file, passphrase, rounds);
        cipher.Encrypt(file.AsSpan(NonceAt, NonceBytes), secret, file.AsSpan(CiphertextAt, secret.Length), file.AsSpan(file.Length - TagBytes), file.AsSpan(0, CiphertextAt));
        CryptographicOperations.ZeroMemory(secret);
        return file;
    }

    private static byte[] Unlock(string path, byte[] file, string? passphrase)
    {
        if (file.Length < CiphertextAt + TagBytes || BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(Magic.Length)) is not (> 0 and <= MaxRounds and var rounds))
            throw new FormatException("It is cut or damaged.");
        if (passphrase is null)
            throw new IdentityFileException($"The key in '{path}' is locked by a passphrase, and none was given.", null);
        var secret = new byte[file.Length - CiphertextAt - TagBytes];
        try
        {
            using AesGcm cipher = Cipher(file, passphrase, rounds);
            cipher.Decrypt(file.AsSpan(NonceAt, NonceBytes), file.AsSpan(CiphertextAt, secret.Length), file.AsSpan(file.Length - TagBytes), secret, file.AsSpan(0, CiphertextAt));
            return secret;
        }
        catch (AuthenticationTagMismatchException e)
        {
            throw new IdentityFileException($"The passphrase does not open the key in '{path}', or the file is damaged.", e);
        }
    }

    private static AesGcm Cipher(byte[] file, string passphrase, int rounds)
    {
        byte[] key = Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(passphrase), file.AsSpan(SaltAt, SaltBytes).ToArray(), rounds, HashAlgorithmName.SHA512, KeyBytes);
        var cipher = new AesGcm(key, TagBytes);
        CryptographicOperations.ZeroMemory(key);
        return cipher;
    }
}
