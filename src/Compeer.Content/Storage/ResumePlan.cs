using Compeer.Formats.Torrents;

namespace Compeer.Content.Storage;

/// <summary>What of a torrent's content on the disk is believed at a start, and what has to be hashed first.</summary>
internal sealed class ResumePlan
{
    private readonly Metainfo _metainfo;
    private readonly TorrentStorage _storage;
    private readonly bool[] _own;

    private ResumePlan(Metainfo metainfo, TorrentStorage storage, bool[] own)
    {
        _metainfo = metainfo;
        _storage = storage;
        _own = own;
        Have = new bool[metainfo.PieceCount];
        Stamps = new(metainfo.Files.Length);
    }

    /// <summary>Pieces that are believed.</summary>
    public bool[] Have { get; private set; }

    /// <summary>Pieces to hash.</summary>
    public SortedSet<int> Check { get; } = [];

    /// <summary>The disk is just as the journal says: nothing is in doubt, and nothing new is to be noted.</summary>
    public bool IsAsLeft { get; private set; } = true;

    /// <summary>Files as they are now.</summary>
    public Dictionary<int, FileStamp> Stamps { get; }

    /// <summary>Compares what the journal says with the disk.</summary>
    /// <param name="metainfo">The torrent.</param>
    /// <param name="storage">Its files.</param>
    /// <param name="own">One flag a file: it has its own place.</param>
    /// <param name="state">What an earlier run left; null when there was none.</param>
    /// <param name="journalWritten">When the journal was last written.</param>
    public static ResumePlan Make(Metainfo metainfo, TorrentStorage storage, bool[] own, JournalState? state, DateTime journalWritten)
    {
        var plan = new ResumePlan(metainfo, storage, own);
        if (state is null)
            plan.CheckWhatIsThere();
        else
            plan.Believe(state, journalWritten);
        foreach (int piece in plan.Check)
            plan.Have[piece] = false;
        return plan;
    }

    private void CheckWhatIsThere()
    {
        IsAsLeft = false;
        foreach (TorrentFile file in ContentFiles())
        {
            if (_own[file.Index] && _storage.StampOnDisk(file.Index) is { LengthBytes: > 0 } stamp)
            {
                Stamps[file.Index] = stamp;
                AddPieces(file.Index, _ => true);
            }
        }
    }

    private void Believe(JournalState state, DateTime journalWritten)
    {
        Have = state.Have;
        // What is appended to an earlier boot's journal would count as lost with that boot, so only one that is complete goes on.
        IsAsLeft = state.IsCompact && (state.BootId == ResumeJournal.CurrentBootId || !Have.Contains(false));
        Check.UnionWith(state.Open);
        Check.UnionWith(state.Doubted);
        // Another run of the system: what had not reached the device may be gone, whatever the journal says.
        if (!state.Clean && state.BootId != ResumeJournal.CurrentBootId)
            Check.UnionWith(state.Unflushed);
        foreach (TorrentFile file in ContentFiles())
        {
            if (_own[file.Index])
                Compare(file.Index, state, journalWritten);
            else if (!state.Side[file.Index])
                Forget(file.Index);
        }
    }

    private void Compare(int file, JournalState state, DateTime journalWritten)
    {
        if (_storage.StampOnDisk(file) is not { } disk)
        {
            Forget(file);
            return;
        }
        Stamps[file] = disk;
        bool known = state.Stamps.TryGetValue(file, out FileStamp left);
        if (known && disk == left)
            return;
        IsAsLeft = false;
        (int first, int end) = _storage.Layout.PiecesOf(file);
        // Our own interrupted write may be newer than its record, but no newer than the journal by much.
        bool ours = known && disk.LengthBytes == left.LengthBytes
            && state.Open.Any(p => p >= first && p < end)
            && disk.ModifiedTicks <= journalWritten.AddSeconds(1).Ticks;
        if (!ours)
            AddPieces(file, piece => Have[piece]);
    }

    private void AddPieces(int file, Func<int, bool> where)
    {
        (int first, int end) = _storage.Layout.PiecesOf(file);
        for (int piece = first; piece < end; piece++)
        {
            if (where(piece))
                Check.Add(piece);
        }
    }

    private void Forget(int file)
    {
        IsAsLeft = false;
        (int first, int end) = _storage.Layout.PiecesOf(file);
        for (int piece = first; piece < end; piece++)
        {
            Have[piece] = false;
            Check.Remove(piece);
        }
    }

    private IEnumerable<TorrentFile> ContentFiles() => _metainfo.Files.Where(f => !f.IsPad && f.Length > 0);
}
