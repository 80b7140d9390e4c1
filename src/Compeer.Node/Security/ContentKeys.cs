using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Compeer.Node.Security;

/// <summary>Addresses of single files for programs that have no cookie: each opens one file until a time, and nothing else.</summary>
/// <param name="token">The node's token, of which the key of all of them is made.</param>
/// <param name="time">Ends them.</param>
public sealed class ContentKeys(string token, TimeProvider time)
{
    /// <summary>The parameter that carries it.</summary>
    public const string QueryName = "key";

    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(1);

    private readonly byte[] _secret = SHA256.HashData(Encoding.UTF8.GetBytes("content keys\n" + token));

    /// <summary>A key for a path, and until when it is good.</summary>
    public (string Key, DateTimeOffset ExpiresAt) Make(string path)
    {
        DateTimeOffset until = DateTimeOffset.FromUnixTimeSeconds((time.GetUtcNow() + Lifetime).ToUnixTimeSeconds());
        return ($"{until.ToUnixTimeSeconds()}-{Sign(path, until.ToUnixTimeSeconds())}", until);
    }

    /// <summary>Whether the key opens that path now.</summary>
    public bool Opens(string path, string? key) =>
        key?.Split('-') is [var until, var signature] && long.TryParse(until, NumberStyles.None, CultureInfo.InvariantCulture, out long seconds)
        && seconds >= time.GetUtcNow().ToUnixTimeSeconds() && Secrets.Same(signature, Sign(path, seconds));

    private string Sign(string path, long until) => Convert.ToHexStringLower(HMACSHA256.HashData(_secret, Encoding.UTF8.GetBytes($"{until}\n{path}")));
}
