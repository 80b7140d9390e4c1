using System.Security.Cryptography;
using System.Text;

namespace Compeer.Protocols.Stun;

/// <summary>Keys of long-term credentials. Spec: RFC 8489 sections 9.2.2 and 14.4.</summary>
/// <remarks>
/// DEVIATION: names and passwords are taken as they are typed, without the preparation of RFC 8265; for ASCII it changes nothing.
/// </remarks>
public static class StunCredentials
{
    /// <summary>The key of MESSAGE-INTEGRITY: 16 bytes.</summary>
    public static byte[] Key(string username, string realm, string password)
    {
#pragma warning disable CA5351 // The protocol's default password algorithm; what protects is the HMAC around it.
        return MD5.HashData(Encoding.UTF8.GetBytes($"{username}:{realm}:{password}"));
#pragma warning restore CA5351
    }

    /// <summary>The value of USERHASH: 32 bytes that stand for a name.</summary>
    public static byte[] UserHash(string username, string realm) => SHA256.HashData(Encoding.UTF8.GetBytes($"{username}:{realm}"));
}
