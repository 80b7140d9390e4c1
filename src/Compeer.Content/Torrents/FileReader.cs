using Compeer.Formats.Torrents;
using Compeer.Protocols.Picking;

namespace Compeer.Content.Torrents;

/// <summary>One open <see cref="TorrentFileStream"/>, as the torrent's loop sees it.</summary>
internal sealed class FileReader(TorrentFile file, ReadAhead ahead)
{
    public TorrentFile File { get; } = file;

    /// <summary>The pieces that it needs next.</summary>
    public ReadAhead Ahead { get; } = ahead;

    /// <summary>Pieces that have a deadline because of it.</summary>
    public HashSet<int> Deadlines { get; } = [];

    /// <summary>What waits for its piece: one, but for callers that read at once from several threads.</summary>
    public List<FileRead> Waiting { get; } = [];
}

/// <summary>Bytes of one piece that somebody waits for.</summary>
/// <param name="Piece">The piece.</param>
/// <param name="Begin">First byte within it.</param>
/// <param name="Target">Filled by a disk thread; the caller's again once there is an answer.</param>
internal sealed record FileRead(int Piece, int Begin, Memory<byte> Target)
{
    public TaskCompletionSource Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Fail(string reason) => Answer.TrySetException(new IOException(reason));
}
