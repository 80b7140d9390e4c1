using Compeer.Content.Torrents;

namespace Compeer.Node.Torrents;

/// <summary>Gone with the next merge.</summary>
internal static class EngineGaps
{
    public static ValueTask MoveAsync(this Torrent torrent, string directory, CancellationToken cancellationToken) => throw Gap();
    public static ValueTask<Stream> OpenFileAsync(this Torrent torrent, int file, CancellationToken cancellationToken) => throw Gap();
    private static NodeException Gap() => new(NodeFailure.Usage, "Not in this build yet.");
}
