namespace Compeer.InteropTests.Lab;

/// <summary>A torrent file as libtorrent reads it.</summary>
public sealed record TorrentFacts(string Path, string Magnet, string V1, string V2, int Pieces, int PieceBytes, IReadOnlyList<(string Path, int LengthBytes)> Pads)
{
    internal static TorrentFacts From(JsonEvent made) => new(made.Text("torrent"), made.Text("magnet"), made.Text("v1"), made.Text("v2"), (int)made.Number("pieces"), (int)made.Number("pieceBytes"),
        [.. made.Values.GetProperty("pads").EnumerateArray().Select(pad => (pad.GetProperty("path").GetString()!, pad.GetProperty("bytes").GetInt32()))]);

    /// <summary>Writes the zero bytes of pad files where a client that does not know them (aria2, Transmission 3) looks for them.</summary>
    public void WritePadsUnder(string directory)
    {
        foreach ((string path, int length) in Pads)
        {
            string target = System.IO.Path.Combine(directory, path);
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(target)!);
            File.WriteAllBytes(target, new byte[length]);
        }
    }

    /// <summary>True for files that such a client leaves beside the content.</summary>
    public static bool IsPadOrControlFile(string path) => path.StartsWith(".pad/", StringComparison.Ordinal) || path.EndsWith(".aria2", StringComparison.Ordinal);
}
