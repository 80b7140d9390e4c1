using Compeer.Network.Native;

namespace Compeer.Node.State;

/// <summary>Small files of the data directory, replaced whole.</summary>
internal static class NodeFile
{
    /// <summary>Replaces a file, and waits until the disk has it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="content">What it shall hold.</param>
    /// <param name="isSecret">Only its owner may read it.</param>
    /// <exception cref="NodeException">The system refuses; the old file is untouched then.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, bool isSecret)
    {
        try
        {
            AtomicFile.Write(path, content, isSecret);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodeException(NodeFailure.Disk, $"'{path}' cannot be written: {e.Message} Nothing was changed. Make room, or check who may write there.", e);
        }
    }
}
