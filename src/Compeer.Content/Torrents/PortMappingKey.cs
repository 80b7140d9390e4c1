using System.Security.Cryptography;
using Compeer.Network.PortMapping;

namespace Compeer.Content.Torrents;

/// <summary>The secret by which the router knows a mapping's owner again after a restart: a file of 32 random bytes that only we may read.</summary>
internal static class PortMappingKey
{
    private const string FileName = "port-mapping.key";
    private const int KeyBytes = 32;

    /// <summary>Adds the secret of <paramref name="dataDirectory"/> to options that have none; without a file a killed program's mapping stays until its lease ends.</summary>
    public static PortMappingOptions Complete(PortMappingOptions options, string dataDirectory) =>
        options.NonceKey.IsEmpty && TryLoad(Path.Combine(dataDirectory, FileName)) is { } key ? options with { NonceKey = key } : options;

    private static byte[]? TryLoad(string path)
    {
        try
        {
            if (File.Exists(path) && File.ReadAllBytes(path) is { Length: KeyBytes } kept)
                return kept;
            byte[] key = RandomNumberGenerator.GetBytes(KeyBytes);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            using var file = new FileStream(path, options);
            file.Write(key);
            return key;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
