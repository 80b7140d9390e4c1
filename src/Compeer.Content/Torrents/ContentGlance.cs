using Compeer.Content.Storage;
using Compeer.Formats.Torrents;

namespace Compeer.Content.Torrents;

/// <summary>What is known of a torrent's content, and read without opening it: no file of the content is touched.</summary>
/// <param name="Metainfo">The torrent.</param>
/// <param name="Selection">What of it is wanted.</param>
/// <param name="Have">One flag a piece: verified, as far as the journal says.</param>
internal sealed record ContentGlance(Metainfo Metainfo, FileSelection Selection, IReadOnlyList<bool> Have)
{
    /// <summary>Reads the journal.</summary>
    public static ContentGlance Read(TorrentFolder folder, Metainfo metainfo, TorrentSettings settings)
    {
        using ResumeJournal journal = ResumeJournal.Of(folder, metainfo, settings.Directory);
        return new ContentGlance(metainfo, new FileSelection(metainfo, settings), journal.Load()?.Have ?? new bool[metainfo.PieceCount]);
    }

    /// <summary>Files that people see.</summary>
    public static int CountFiles(Metainfo metainfo) => metainfo.Files.Count(f => !f.IsPad);

    /// <summary>A status that says so.</summary>
    public TorrentStatus Describe(TorrentStatus before)
    {
        int[] pieces = [.. Enumerable.Range(0, Have.Count)];
        return before with
        {
            Name = Metainfo.Name,
            PieceCount = Have.Count,
            FileCount = CountFiles(Metainfo),
            WantedBytes = pieces.Where(p => Selection[p] > 0).Sum(p => (long)Metainfo.DataLengthAt(p)),
            VerifiedBytes = pieces.Where(p => Selection[p] > 0 && Have[p]).Sum(p => (long)Metainfo.DataLengthAt(p)),
            VerifiedPieces = Have.Count(have => have),
        };
    }
}
