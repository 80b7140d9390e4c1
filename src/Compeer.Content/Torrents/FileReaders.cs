using Compeer.Content.Storage;
using Compeer.Formats.Torrents;
using Compeer.Protocols;
using Compeer.Protocols.Picking;

namespace Compeer.Content.Torrents;

/// <summary>
/// Who reads files of a torrent through us, be they complete or not: gives the pieces that they need next a deadline, and lets disk
/// threads read what is verified. While there are any, the torrent stays awake.
/// </summary>
internal sealed class FileReaders(TorrentSession session)
{
    private const int MaxReaders = 64;

    /// <summary>Requests are taken back at most so often: to a peer that is cancelled all the time we look like a flood.</summary>
    private static readonly TimeSpan HurryEvery = TimeSpan.FromMilliseconds(250);

    private readonly List<FileReader> _readers = [];
    private bool _wantsHurry;
    private Instant _mayHurry;

    public bool IsEmpty => _readers.Count == 0;

    /// <summary>Begins to read a file.</summary>
    /// <exception cref="InvalidOperationException">It cannot be read now; the message says why, and what to do.</exception>
    public FileReader Open(int fileIndex)
    {
        if (session.IsHalted || !session.TryOpen())
            throw new InvalidOperationException(session.Phase == TorrentPhase.Moving
                ? "The torrent's files are being moved. Try again when they are there."
                : $"The torrent stands still: {session.Problem ?? "it is paused"}. Resume it first.");
        if (!session.IsOpen)
            throw new InvalidOperationException("The files of the torrent are not known yet. Wait until its description is here.");
        Metainfo metainfo = session.Metainfo!;
        if ((uint)fileIndex >= (uint)metainfo.Files.Length || metainfo.Files[fileIndex] is { IsPad: true } or { SymlinkTarget: not null })
            throw new ArgumentOutOfRangeException(nameof(fileIndex), fileIndex, "The torrent has no such file.");
        if (_readers.Count >= MaxReaders)
            throw new InvalidOperationException($"{MaxReaders} files of the torrent are being read already. Close one first.");
        (int first, int end) = session.Content.Storage.Layout.PiecesOf(fileIndex);
        if (!session.Content.Selection.IsWanted(fileIndex) && Enumerable.Range(first, end - first).Any(p => !session.Downloads.Picker.Have[p]))
            throw new InvalidOperationException("The file is skipped, and not here. Give it a priority first.");
        var reader = new FileReader(metainfo.Files[fileIndex], new ReadAhead(new ReadAheadOptions(), first, end, (int)metainfo.PieceLength));
        _readers.Add(reader);
        return reader;
    }

    /// <summary>Somebody waits for bytes.</summary>
    public void Begin(FileReader reader, FileRead read)
    {
        if (!_readers.Contains(reader))
        {
            read.Fail("The torrent was stopped or paused while its file was read. Open the file again.");
            return;
        }
        bool moved = reader.Ahead.MoveTo(read.Piece, session.Now);
        reader.Waiting.Add(read);
        Serve(reader);
        if (!moved || !session.IsOpen)
            return;
        if (SetDeadlines(reader) && reader.Ahead.HasJumped)
            Hurry();
    }

    /// <summary>Somebody waits no more. What a disk thread fills at this moment is answered first.</summary>
    public static void Cancel(FileReader reader, FileRead read)
    {
        if (reader.Waiting.Remove(read))
            read.Answer.TrySetCanceled();
    }

    public void Close(FileReader reader)
    {
        if (!_readers.Remove(reader))
            return;
        FailAll(reader, "The file was closed.");
        if (!session.IsOpen)
            return;
        DropDeadlines(reader, _ => true);
        foreach (FileReader other in _readers)
            SetDeadlines(other); // the windows may have shared pieces
        if (_readers.Exists(other => other.Waiting.Count > 0)) // a player that jumps may open the new place before it closes the old one
            Hurry();
    }

    public void OnVerified(int piece)
    {
        foreach (FileReader reader in _readers)
        {
            if (reader.Waiting.Exists(w => w.Piece == piece))
                Serve(reader);
        }
    }

    public void OnTick(bool second)
    {
        if (!session.IsOpen)
            return;
        if (_wantsHurry)
            Hurry();
        if (!second)
            return;
        foreach (FileReader reader in _readers)
        {
            Serve(reader);
            SetDeadlines(reader);
        }
    }

    /// <summary>The torrent ends, or stands still for an unknown time.</summary>
    public void EndAll(string reason)
    {
        foreach (FileReader reader in _readers)
            FailAll(reader, $"The file cannot be read on: {reason}.");
        _readers.Clear();
    }

    private static void FailAll(FileReader reader, string reason)
    {
        foreach (FileRead read in reader.Waiting)
            read.Fail(reason);
        reader.Waiting.Clear();
    }

    /// <summary>Lets disk threads read what is here.</summary>
    private void Serve(FileReader reader)
    {
        if (!session.IsOpen)
            return;
        for (int i = reader.Waiting.Count - 1; i >= 0; i--)
        {
            FileRead read = reader.Waiting[i];
            bool isHere = session.Downloads.Picker.Have[read.Piece];
            if (!isHere && session.Downloads.Picker.IsWanted(read.Piece))
                continue;
            reader.Waiting.RemoveAt(i);
            if (isHere)
                Read(reader, read);
            else
                read.Fail("The file is skipped now, and not here.");
        }
    }

    private void Read(FileReader reader, FileRead read)
    {
        TorrentContent content = session.Content;
        session.BeginRead();
        bool queued = session.Services.Disk.TryEnqueue(() =>
        {
            try
            {
                content.Storage.Read(read.Piece, read.Begin, read.Target);
                read.Answer.TrySetResult();
            }
            catch (StorageException e) when (e.Failure == StorageFailure.Changed)
            {
                session.Post(new TorrentIntent(_ => OnChanged(reader, read, content, e), () => read.Fail(e.Message)));
            }
            catch (Exception e) when (e is IOException or ObjectDisposedException or UnauthorizedAccessException)
            {
                read.Fail(e.Message);
            }
            finally
            {
                session.EndRead();
            }
        });
        if (queued)
            return;
        session.EndRead();
        read.Fail("The program ends.");
    }

    /// <summary>Somebody else changed the file: what is wrong is fetched again, and the reader waits for it.</summary>
    private void OnChanged(FileReader reader, FileRead read, TorrentContent content, StorageException reason)
    {
        if (session.IsOpenWith(content))
            content.OnFileChanged(reason);
        Begin(reader, read);
    }

    private void Hurry()
    {
        _wantsHurry = session.Now < _mayHurry;
        if (_wantsHurry)
            return;
        _mayHurry = session.Now + HurryEvery;
        session.Downloads.Hurry();
    }

    /// <summary>False when all of the window is here.</summary>
    private bool SetDeadlines(FileReader reader)
    {
        PiecePicker picker = session.Downloads.Picker;
        ReadAhead ahead = reader.Ahead;
        DropDeadlines(reader, piece => piece < ahead.Piece || piece >= ahead.Piece + ahead.Count);
        bool isWanting = false;
        for (int i = 0; i < ahead.Count; i++)
        {
            (int piece, Instant due) = ahead[i];
            if (!picker.SetDeadline(piece, due))
                continue;
            reader.Deadlines.Add(piece);
            isWanting = true;
        }
        session.MarkAllDirty();
        return isWanting;
    }

    private void DropDeadlines(FileReader reader, Predicate<int> which)
    {
        foreach (int piece in reader.Deadlines.Where(p => which(p)))
            session.Downloads.Picker.SetDeadline(piece, Instant.Never);
        reader.Deadlines.RemoveWhere(which);
    }
}
