using System.Security.Cryptography;
using System.Text;

namespace Compeer.Node.Security;

/// <summary>Random secrets and their digests. A secret of 256 random bits needs no slow hash: nobody can try them all.</summary>
internal static class Secrets
{
    /// <summary>256 random bits in hex.</summary>
    public static string Make() => Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    /// <summary>What is kept of a secret.</summary>
    public static string Digest(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    /// <summary>Compares in a time that tells nothing.</summary>
    public static bool Same(string left, string right) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(left), Encoding.UTF8.GetBytes(right));
}
