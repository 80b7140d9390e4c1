using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Compeer.Content.Storage;

/// <summary>Copies files to another file system so that what counts as copied has been read back and is on the device.</summary>
internal static class FileCopy
{
    private const int BlockBytes = 1 << 20;
    private const string PartSuffix = ".compeer-part";

    /// <summary>Copies a file with its times and rights; holes stay holes. The name appears when the copy is whole and verified.</summary>
    /// <exception cref="IOException">The system refuses, or what is read back is not what was written; nothing is left of the copy.</exception>
    public static void Make(string source, string target, CancellationToken cancellationToken)
    {
        string part = target + PartSuffix;
        File.Delete(part);
        try
        {
            using (SafeFileHandle input = File.OpenHandle(source, FileMode.Open, FileAccess.Read, FileShare.Read))
            using (SafeFileHandle output = File.OpenHandle(part, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None))
            {
                RandomAccess.SetLength(output, RandomAccess.GetLength(input));
                byte[] written = Pass(input, output, cancellationToken);
                RandomAccess.FlushToDisk(output);
                if (!Pass(output, null, cancellationToken).AsSpan().SequenceEqual(written))
                    throw new IOException($"'{part}' reads otherwise than it was written. The disk may be failing.");
            }
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(part, File.GetUnixFileMode(source));
            File.SetLastWriteTimeUtc(part, File.GetLastWriteTimeUtc(source));
            File.Move(part, target);
        }
        catch
        {
            File.Delete(part);
            throw;
        }
    }

    /// <summary>The two files hold the same.</summary>
    public static bool AreSame(string a, string b, CancellationToken cancellationToken)
    {
        using SafeFileHandle first = File.OpenHandle(a), second = File.OpenHandle(b);
        return RandomAccess.GetLength(first) == RandomAccess.GetLength(second)
            && Pass(first, null, cancellationToken).AsSpan().SequenceEqual(Pass(second, null, cancellationToken));
    }

    /// <summary>Reads a file through, and writes it where it is not zeros anyway; its SHA-256.</summary>
    private static byte[] Pass(SafeFileHandle input, SafeFileHandle? output, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[BlockBytes];
        int read;
        for (long at = 0; (read = RandomAccess.Read(input, block, at)) > 0; at += read)
        {
            cancellationToken.ThrowIfCancellationRequested();
            ReadOnlySpan<byte> content = block.AsSpan(0, read);
            hash.AppendData(content);
            if (output is not null && content.ContainsAnyExcept((byte)0))
                RandomAccess.Write(output, content, at);
        }
        return hash.GetHashAndReset();
    }
}
