using System.Security.Cryptography;
using System.Text;

namespace Compeer.Node.Security;

/// <summary>A password as it is kept: PBKDF2 with HMAC-SHA-256 over a random salt. Spec: RFC 8018, section 5.2.</summary>
/// <param name="Rounds">Iterations.</param>
/// <param name="Salt">Base64 of 16 bytes.</param>
/// <param name="Hash">Base64 of 32 bytes.</param>
public sealed record PasswordHash(int Rounds, string Salt, string Hash)
{
    /// <summary>Iterations of new passwords; about a third of a second on a small machine.</summary>
    public const int DefaultRounds = 600_000;

    /// <summary>The shortest password that is taken.</summary>
    public const int MinLength = 8;

    private const int MaxLength = 1024;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;

    /// <summary>Hashes a new password.</summary>
    /// <exception cref="NodeException">It is too short or too long.</exception>
    public static PasswordHash Of(string password)
    {
        if (password.Length is < MinLength or > MaxLength)
            throw new NodeException(NodeFailure.BadInput, $"The password has {password.Length} characters: take {MinLength} to {MaxLength}.");
        byte[] salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new PasswordHash(DefaultRounds, Convert.ToBase64String(salt), Convert.ToBase64String(Derive(password, salt, DefaultRounds)));
    }

    /// <summary>Whether it is this password; takes as long for a wrong one.</summary>
    public bool Matches(string password) =>
        password.Length <= MaxLength && CryptographicOperations.FixedTimeEquals(Derive(password, Convert.FromBase64String(Salt), Rounds), Convert.FromBase64String(Hash));

    private static byte[] Derive(string password, byte[] salt, int rounds) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(password), salt, rounds, HashAlgorithmName.SHA256, HashBytes);
}
