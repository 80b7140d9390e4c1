using System.Security.Cryptography;
using Compeer.Cli.Output;

namespace Compeer.Cli.Commands;

/// <summary>A file with the 32 bytes of an Ed25519 secret key in hexadecimal, readable by its owner alone.</summary>
internal static class SecretKeyFile
{
    private const int SecretBytes = 32;

    /// <summary>Reads the key, or makes one.</summary>
    /// <exception cref="CommandException">The file cannot be used.</exception>
    public static byte[] LoadOrCreate(string path)
    {
        try
        {
            if (!File.Exists(path))
                Create(path);
            byte[] key = Convert.FromHexString(File.ReadAllText(path).Trim());
            return key.Length == SecretBytes ? key : throw new FormatException();
        }
        catch (FormatException)
        {
            throw new CommandException(ExitCode.BadInput, $"'{path}' is not a key file: it must hold 64 hexadecimal digits.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Disk, $"The key file '{path}' cannot be used: {e.Message}");
        }
    }

    private static void Create(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var writer = new StreamWriter(path, options);
        writer.WriteLine(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(SecretBytes)));
    }
}
