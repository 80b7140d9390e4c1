using System.Security.Cryptography;

namespace Compeer.InteropTests.Lab;

/// <summary>What a file is, as far as a comparison cares.</summary>
public sealed record FileDigest(long LengthBytes, string Sha256)
{
    public static FileDigest Of(string path)
    {
        using FileStream file = File.OpenRead(path);
        return new FileDigest(file.Length, Convert.ToHexString(SHA256.HashData(file)));
    }
}
