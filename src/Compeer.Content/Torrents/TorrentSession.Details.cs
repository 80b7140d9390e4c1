using Compeer.Content.Storage;
using Compeer.Formats.Torrents;
using Compeer.Protocols.Connecting;

namespace Compeer.Content.Torrents;

// A closer look, for a person who asks.
internal sealed partial class TorrentSession
{
    /// <summary>The torrent in detail; of one that is closed from what is kept on the disk, without waking it.</summary>
    /// <exception cref="StorageException">It is closed, and what is kept cannot be read.</exception>
    public TorrentDetails DescribeDetails()
    {
        PeerDetails[] peers = [.. Links.Values.Select(Describe), .. _webSeeds?.Describe() ?? []];
        TrackerDetails[] trackers = [.. _announces?.Describe() ?? [], .. Discovery.Describe()];
        if (_content is { IsKnown: true } content)
            return new TorrentDetails(peers, trackers, DescribeFiles(Metainfo!, content.Selection, p => Downloads.Picker.Have[p]), content.DescribePieces());
        if (Glance() is not { } glance)
            return new TorrentDetails(peers, trackers, [], PieceMap.Unknown);
        byte[] states = [.. glance.Have.Select((have, p) => (byte)(have ? PieceState.Verified : glance.Selection[p] > 0 ? PieceState.Missing : PieceState.Unwanted))];
        var pieces = new PieceMap(states.Length, (int)glance.Metainfo.PieceLength, states, new ushort[states.Length]);
        return new TorrentDetails(peers, trackers, DescribeFiles(glance.Metainfo, glance.Selection, p => glance.Have[p]), pieces);
    }

    private ContentGlance? Glance()
    {
        bool wasOpen = _folder is not null;
        OpenFolder();
        try
        {
            return (Metainfo ?? LoadMetainfo()) is { } known ? ContentGlance.Read(Folder, known, Settings) : null;
        }
        finally
        {
            if (!wasOpen)
                CloseFolder();
        }
    }

    private void CloseFolder()
    {
        if (_folder is null)
            return;
        _folder.Dispose();
        _folder = null;
        Services.CountOpen(-1);
    }

    private static FileDetails[] DescribeFiles(Metainfo metainfo, FileSelection selection, Func<int, bool> have)
    {
        var layout = new PieceLayout(metainfo);
        return [.. metainfo.Files.Where(f => !f.IsPad).Select(f => new FileDetails(f.Index, f.SafePath, f.Length, VerifiedBytes(f), selection.Files[f.Index]))];

        long VerifiedBytes(TorrentFile file)
        {
            (int first, int end) = layout.PiecesOf(file.Index);
            long bytes = 0;
            for (int piece = first; piece < end; piece++)
            {
                long begin = (long)piece * metainfo.PieceLength;
                if (have(piece))
                    bytes += Math.Min(begin + metainfo.PieceLength, file.Offset + file.Length) - Math.Max(begin, file.Offset);
            }
            return bytes;
        }
    }

    private PeerDetails Describe(PeerLink link) => new()
    {
        EndPoint = link.EndPoint.ToString(),
        Client = link.ClientName,
        Way = link.Way.Punched ? "punched" : link.Way.ToString(),
        Incoming = link.IsIncoming,
        Encrypted = link.Connection.IsEncrypted,
        Sources = link.IsIncoming ? link.Sources | PeerSource.Incoming : link.Sources,
        Fraction = link.Wire.RemotePieces is { Length: > 0 } pieces ? (double)pieces.Count / pieces.Length : 0,
        DownRate = link.Down.BytesPerSecond,
        UpRate = link.Up.BytesPerSecond,
        DownloadedBytes = link.Down.Total,
        UploadedBytes = link.Up.Total,
        AmChoking = link.Wire.AmChoking,
        AmInterested = link.Wire.AmInterested,
        PeerChoking = link.Wire.PeerChoking,
        PeerInterested = link.Wire.PeerInterested,
        IsSnubbed = link.IsSnubbed,
        Connected = Now - link.ConnectedAt,
        RequestsInFlight = link.Wire.Outstanding,
    };
}
