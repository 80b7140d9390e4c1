using Compeer.Content.Hashing;
using Compeer.Content.Storage;
using Compeer.Formats.Torrents;
using Compeer.Protocols;
using Compeer.Protocols.PeerWire;

namespace Compeer.Content.Torrents;

/// <summary>
/// A torrent's content on the disk as its loop sees it: what is verified, what is being hashed again, and the journal
/// that remembers it.
/// </summary>
internal sealed class TorrentContent(TorrentSession session) : IHashedPieceTaker, IAsyncDisposable
{
    private static readonly TimeSpan SyncInterval = TimeSpan.FromSeconds(5);

    private readonly Queue<int> _toCheck = new();
    private readonly HashSet<int> _unflushed = [];
    private int _checking;
    private bool _opening;
    private bool _syncing;
    private bool _flushFailed;
    private Instant _nextSync;
    private ResumeJournal? _journal;
    private TorrentStorage? _storage;
    private FileSelection? _selection;
    private bool[] _have = [];

    /// <summary>The pieces are known, and which of them are here.</summary>
    public bool IsKnown => session.Metainfo is not null && _selection is not null;

    /// <summary>Which files are wanted.</summary>
    public FileSelection Selection => _selection ?? throw new InvalidOperationException("The content is not open.");

    /// <summary>Nothing waits to be hashed or flushed.</summary>
    public bool IsSettled => IsOpen && _toCheck.Count == 0 && _checking == 0 && _unflushed.Count == 0 && !Volatile.Read(ref _syncing);

    /// <summary>Something is being hashed or flushed.</summary>
    public bool IsBusy => _checking > 0 || Volatile.Read(ref _syncing);

    /// <summary>Pieces may be fetched and served.</summary>
    public bool IsOpen { get; private set; }

    public long WantedBytes { get; private set; }

    public long VerifiedBytes { get; private set; }

    public int VerifiedPieces { get; private set; }

    public long RehashedBytes { get; private set; }

    public TorrentStorage Storage => _storage ?? throw new InvalidOperationException("The content is not open.");

    public ResumeJournal Journal => _journal ?? throw new InvalidOperationException("The content is not open.");

    private Metainfo Metainfo => session.Metainfo!;

    /// <summary>Compares the disk with what we remember and begins to hash what is in doubt.</summary>
    /// <exception cref="StorageException">The disk refuses.</exception>
    public void Open(Metainfo metainfo)
    {
        var selection = new FileSelection(metainfo, session.Settings);
        bool[] own = new bool[metainfo.Files.Length];
        _storage = new TorrentStorage(metainfo, session.Settings.Directory, own, session.Folder.SidePath, session.Settings.Preallocate);
        _journal = ResumeJournal.Of(session.Folder, metainfo, session.Settings.Directory);
        try
        {
            JournalState? state = session.TakeRecheck() ? null : _journal.Load();
            foreach (TorrentFile file in metainfo.Files.Where(f => !f.IsPad))
                own[file.Index] = state?.Side[file.Index] != true && (selection.IsWanted(file.Index) || File.Exists(_storage.PathOf(file.Index)));
            var adopted = new List<int>();
            foreach (TorrentFile file in metainfo.Files)
            {
                if (!own[file.Index] && selection.IsWanted(file.Index))
                    adopted.Add(file.Index);
            }
            _storage.Adopt(adopted);
            DateTime written = File.GetLastWriteTimeUtc(session.Folder.JournalPath);
            ResumePlan plan = ResumePlan.Make(metainfo, _storage, own, state, written);
            if (plan.IsAsLeft)
                _journal.Continue();
            else
                _journal.Begin(plan.Have, InSide(), plan.Check, plan.Stamps);
            foreach ((int file, FileStamp stamp) in plan.Stamps)
                _storage.SetKnownStamp(file, stamp);
            _have = plan.Have;
            foreach (int piece in plan.Check)
                _toCheck.Enqueue(piece);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StorageException.From(e, -1, session.Settings.Directory);
        }
        session.Downloads.Begin(metainfo, selection, _have);
        _selection = selection;
        CountAll();
        _opening = true;
        session.SetPhase(TorrentPhase.Checking);
        Continue();
    }

    /// <summary>A piece was read and hashed.</summary>
    public void OnChecked(PieceChecked check)
    {
        _checking--;
        RehashedBytes += check.LengthBytes;
        if (check.Valid && !session.Downloads.Picker.Have[check.Piece])
        {
            Journal.Written([check.Piece], StampsOf);
            Add(check.Piece);
        }
        else if (!check.Valid)
        {
            Journal.Lost(check.Piece);
        }
        Continue();
    }

    /// <summary>A piece is verified and in its files.</summary>
    public void Add(int piece)
    {
        _unflushed.Add(piece);
        Count(piece, 1);
        session.Downloads.OnVerified(piece);
    }

    /// <summary>The stamps of the pieces' files as we left them, each once.</summary>
    public IEnumerable<(int FileIndex, FileStamp Stamp)> StampsOf(IReadOnlyList<int> pieces)
    {
        foreach (int file in FilesOf(pieces))
        {
            if (Storage.KnownStamp(file) is { } stamp)
                yield return (file, stamp);
        }
    }

    /// <summary>Somebody else changed a file: nothing of it counts until it is hashed again.</summary>
    public void OnFileChanged(StorageException reason)
    {
        session.Tell(new TorrentProblem(reason.Message));
        int file = reason.FileIndex;
        if (file < 0 || _storage is null)
            return;
        Storage.Reopen(file);
        FileStamp? stamp = Storage.StampOnDisk(file);
        Storage.SetKnownStamp(file, stamp);
        (int first, int end) = Storage.Layout.PiecesOf(file);
        int[] lost = [.. Enumerable.Range(first, end - first).Where(piece => session.Downloads.Picker.Have[piece])];
        if (stamp is not null)
            Journal.Doubted(lost);
        foreach (int piece in lost)
        {
            if (stamp is null)
                Journal.Lost(piece);
            else
                _toCheck.Enqueue(piece);
            Count(piece, -1);
            session.Downloads.OnLost(piece);
        }
        Continue();
    }

    /// <summary>Wants other files than before. Those that are in the side file get their own place first, on a disk thread.</summary>
    public void Select(FileSelection selection)
    {
        int[] adopted = [.. Metainfo.Files.Where(f => !f.IsPad && selection.IsWanted(f.Index) && !Storage.IsOwn(f.Index)).Select(f => f.Index)];
        if (adopted.Length == 0)
        {
            Apply(selection);
            return;
        }
        session.BeginRead();
        session.Services.Disk.TryEnqueue(() =>
        {
            string? problem = null;
            try
            {
                Storage.Adopt(adopted);
                Journal.Adopted(InSide(), adopted.Where(f => Storage.KnownStamp(f) is not null).Select(f => KeyValuePair.Create(f, Storage.KnownStamp(f)!.Value)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                problem = StorageException.From(e, -1, session.Settings.Directory).Message;
            }
            session.EndRead();
            session.Post(new TorrentIntent(_ => OnAdopted(selection, problem)));
        });
    }

    private void OnAdopted(FileSelection selection, string? problem)
    {
        if (problem is not null)
            session.Tell(new TorrentProblem($"A file that is wanted now cannot be made. {problem}"));
        else if (session.IsOpenWith(this))
            Apply(selection);
    }

    /// <summary>Wants other files than before, all of which have their own place or get it when the content opens again.</summary>
    public void Apply(FileSelection selection)
    {
        _selection = selection;
        session.Downloads.Select(selection);
        CountAll();
        if (IsOpen)
            session.Downloads.OnSelected();
    }

    private void CountAll()
    {
        (WantedBytes, VerifiedBytes, VerifiedPieces) = (0, 0, 0);
        for (int piece = 0; piece < Metainfo.PieceCount; piece++)
        {
            if (session.Downloads.Picker.IsWanted(piece))
                WantedBytes += Metainfo.DataLengthAt(piece);
            if (session.Downloads.Picker.Have[piece])
                Count(piece, 1);
        }
    }

    private bool[] InSide()
    {
        bool[] inSide = new bool[Metainfo.Files.Length];
        for (int i = 0; i < inSide.Length; i++)
            inSide[i] = !Metainfo.Files[i].IsPad && !Storage.IsOwn(i);
        return inSide;
    }

    /// <summary>Every piece, for a person to see.</summary>
    public PieceMap DescribePieces()
    {
        byte[] states = new byte[Metainfo.PieceCount];
        ushort[] availability = new ushort[states.Length];
        int seeds = session.Links.Values.Count(l => l is { IsCounted: false, Wire.RemotePieces.IsComplete: true });
        for (int piece = 0; piece < states.Length; piece++)
        {
            states[piece] = (byte)session.Downloads.StateOf(piece);
            availability[piece] = (ushort)Math.Min(session.Downloads.Picker.Availability(piece) + seeds, ushort.MaxValue);
        }
        foreach (int piece in _toCheck)
            states[piece] = (byte)PieceState.Verifying;
        return new PieceMap(states.Length, (int)Metainfo.PieceLength, states, availability);
    }

    /// <summary>The content is to close: what is still to be hashed is hashed when it opens again.</summary>
    public void StopChecking()
    {
        _toCheck.Clear();
        _opening = false;
    }

    public void OnTick()
    {
        if (!IsOpen || _syncing || _unflushed.Count == 0 || session.Now < _nextSync)
            return;
        _syncing = true;
        _nextSync = session.Now + SyncInterval;
        HashSet<int> files = FilesOf(_unflushed);
        _unflushed.Clear();
        session.Services.Disk.TryEnqueue(() =>
        {
            Sync(files, clean: false);
            Volatile.Write(ref _syncing, false);
        });
    }

    /// <summary>Flushes what is left and notes a clean end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_journal is null)
            return;
        HashSet<int> files = FilesOf(_unflushed);
        if (IsOpen && !Journal.IsUntouched)
        {
            // A disk may take longer than a user who pressed Ctrl-C should wait; the journal is right without it, too.
            Task<bool> flush = session.Services.Disk.RunAsync(() => Sync(files, clean: true));
            await Task.WhenAny(flush, Task.Delay(TimeSpan.FromMilliseconds(700)));
        }
        Journal.Dispose();
        Storage.Dispose();
    }

    private bool Sync(HashSet<int> files, bool clean)
    {
        try
        {
            long position = Journal.Position;
            Storage.Flush(files);
            if (!_flushFailed)
                Journal.Synced(position, clean);
            return true;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // After a failed flush nobody knows what reached the device, and a later one that succeeds says nothing of it:
            // nothing of this run is called flushed any more, so that a death of the machine means hashing again.
            _flushFailed = true;
            return false;
        }
    }

    private HashSet<int> FilesOf(IEnumerable<int> pieces)
    {
        var slices = new List<FileSlice>();
        foreach (int piece in pieces)
            Storage.Layout.Slice(piece, 0, Metainfo.DataLengthAt(piece), slices);
        return [.. slices.Select(s => s.FileIndex).Where(f => !Metainfo.Files[f].IsPad)];
    }

    private void Count(int piece, int sign)
    {
        VerifiedPieces += sign;
        if (session.Downloads.Picker.IsWanted(piece))
            VerifiedBytes += sign * Metainfo.DataLengthAt(piece);
    }

    /// <summary>Keeps checks under way, as many as are hashed side by side; when none is left, the torrent opens.</summary>
    private void Continue()
    {
        while (_toCheck.Count > 0 && (_checking <= session.Services.Options.HashThreads || _checking * Metainfo.PieceLength < 2 * PieceHashers.MaxBatchBytes))
        {
            int piece = _toCheck.Dequeue();
            _checking++;
            if (!session.Services.Disk.TryEnqueue(() => Check(piece)))
                return;
        }
        if (!_opening || _checking > 0)
            return;
        _opening = false;
        IsOpen = true;
        session.Downloads.OnOpened();
    }

    /// <summary>Reads a piece for the threads that hash.</summary>
    private void Check(int piece)
    {
        int length = Metainfo.DataLengthAt(piece);
        var content = new PieceInProgress(piece, length) { Metainfo = Metainfo };
        try
        {
            for (int begin = 0; begin < length; begin += BlockRequest.BlockBytes)
            {
                int size = Math.Min(BlockRequest.BlockBytes, length - begin);
                Storage.Read(piece, begin, content.Place(begin, size, session.Services.Buffers));
            }
            if (session.Services.Hashing.TryEnqueue(content, this))
                return;
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            session.Post(new PieceChecked(piece, false, length));
        }
        content.Release();
    }

    void IHashedPieceTaker.Take(List<WholePiece> pieces)
    {
        foreach (PieceInProgress piece in pieces.Cast<PieceInProgress>())
        {
            piece.Release();
            session.Post(new PieceChecked(piece.Index, piece.IsValid, piece.LengthBytes));
        }
    }
}
