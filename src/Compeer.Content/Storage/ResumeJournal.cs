using System.Buffers;
using System.Buffers.Binary;
using Compeer.Formats.Torrents;
using Compeer.Network.Native;
using Microsoft.Win32.SafeHandles;

namespace Compeer.Content.Storage;

/// <summary>
/// Remembers which verified pieces are on the disk, so that a start after any end needs to hash only what was being
/// written at that moment. Append-only and checksummed; made anew, atomically, at a start that finds more in it than it has to
/// say. Thread-safe.
/// </summary>
/// <remarks>
/// Order per piece: Opened, data, Written. A record in the page cache survives the death of the program; only a death
/// of the machine can lose it, which the boot id tells, and then only what was flushed (Synced) is believed.
/// </remarks>
internal sealed class ResumeJournal : IDisposable
{
    private readonly string _path;
    private readonly JournalIdentity _identity;
    private readonly Lock _lock = new();
    private ArrayBufferWriter<byte>? _records;
    private SafeFileHandle? _file;
    private long _end;
    private bool _continues;

    public ResumeJournal(string path, JournalIdentity identity)
    {
        _path = path;
        _identity = identity;
    }

    /// <summary>The journal of a torrent whose files lie in <paramref name="directory"/>; nothing is opened yet.</summary>
    public static ResumeJournal Of(TorrentFolder folder, Metainfo metainfo, string directory) => new(
        folder.JournalPath, new JournalIdentity(metainfo.InfoHashes.Truncated, metainfo.PieceCount, metainfo.Files.Length, new GuardedPath(directory).Root));

    /// <summary>This run of the system; empty where the system does not tell, which is then taken as a new run each time.</summary>
    public static Guid CurrentBootId { get; } =
        File.Exists("/proc/sys/kernel/random/boot_id") && Guid.TryParse(File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim(), out Guid id)
            ? id
            : Guid.NewGuid();

    /// <summary>What an earlier run left, or null when there is nothing or it is not of this torrent and folder.</summary>
    public JournalState? Load() => File.Exists(_path) ? JournalState.Replay(File.ReadAllBytes(_path), _identity) : null;

    /// <summary>Starts a new journal with this content, in place of the old one at one stroke.</summary>
    /// <param name="have">One flag a piece: verified.</param>
    /// <param name="side">One flag a file: kept in the side file.</param>
    /// <param name="doubted">Pieces that are to be hashed first.</param>
    /// <param name="stamps">The files as they are.</param>
    public void Begin(ReadOnlySpan<bool> have, ReadOnlySpan<bool> side, IReadOnlyCollection<int> doubted, IEnumerable<KeyValuePair<int, FileStamp>> stamps)
    {
        string fresh = _path + ".new";
        lock (_lock)
        {
            _file?.Dispose();
            _end = 0;
            _file = File.OpenHandle(fresh, FileMode.Create, FileAccess.ReadWrite, FileShare.Read);
            Append(JournalRecordType.Header, _identity.ToHeader(CurrentBootId));
            AppendBits(JournalRecordType.Side, side);
            AppendBits(JournalRecordType.Have, have);
            AppendDoubted(doubted);
            foreach ((int index, FileStamp stamp) in stamps)
                AppendStamp(index, stamp);
            WriteOut();
            RandomAccess.FlushToDisk(_file);
            File.Move(fresh, _path, overwrite: true);
            DirectorySync.Flush(Path.GetDirectoryName(_path)!);
        }
    }

    /// <summary>
    /// Goes on with the journal as it is, which says what there is to say (<see cref="JournalState.IsCompact"/>): nothing is opened
    /// or written until something happens.
    /// </summary>
    public void Continue()
    {
        lock (_lock)
        {
            _end = new FileInfo(_path).Length;
            _continues = true;
        }
    }

    /// <summary>Nothing was written to it in this run.</summary>
    public bool IsUntouched
    {
        get
        {
            lock (_lock)
                return _file is null;
        }
    }

    /// <summary>The pieces are about to be written.</summary>
    public void Opened(IReadOnlyList<int> pieces)
    {
        lock (_lock)
        {
            AppendPieces(JournalRecordType.Opened, pieces);
            WriteOut();
        }
    }

    /// <summary>Pieces count no more until they were hashed; if that does not happen in this run, then in the next.</summary>
    public void Doubted(IReadOnlyCollection<int> pieces)
    {
        lock (_lock)
        {
            AppendDoubted(pieces);
            WriteOut();
        }
    }

    /// <summary>Files have left the side file, and look as <paramref name="stamps"/> says.</summary>
    public void Adopted(ReadOnlySpan<bool> side, IEnumerable<KeyValuePair<int, FileStamp>> stamps)
    {
        lock (_lock)
        {
            foreach ((int index, FileStamp stamp) in stamps)
                AppendStamp(index, stamp);
            AppendBits(JournalRecordType.Side, side);
            WriteOut();
        }
    }

    /// <summary>The piece does not count any more.</summary>
    public void Lost(int piece)
    {
        lock (_lock)
        {
            AppendPieces(JournalRecordType.Lost, [piece]);
            WriteOut();
        }
    }

    /// <summary>
    /// The pieces are in their files, which now look as <paramref name="stamps"/> says. It is asked under the journal's lock:
    /// of two threads that wrote to one file, the later record must not hold the older stamp.
    /// </summary>
    public void Written(IReadOnlyList<int> pieces, Func<IReadOnlyList<int>, IEnumerable<(int FileIndex, FileStamp Stamp)>> stamps)
    {
        lock (_lock)
        {
            foreach ((int index, FileStamp stamp) in stamps(pieces))
                AppendStamp(index, stamp);
            AppendPieces(JournalRecordType.Written, pieces);
            WriteOut();
        }
    }

    /// <summary>How long the journal is: what was written to files before now is named in front of this.</summary>
    public long Position
    {
        get
        {
            lock (_lock)
                return _end;
        }
    }

    /// <summary>The caller flushed every file after it had asked for <paramref name="position"/>; makes that durable too.</summary>
    public void Synced(long position, bool clean)
    {
        Span<byte> payload = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(payload, position);
        lock (_lock)
        {
            if (_file is null)
                return;
            Append(JournalRecordType.Synced, payload);
            if (clean)
                Append(JournalRecordType.Clean, []);
            WriteOut();
            RandomAccess.FlushToDisk(_file);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _file?.Dispose();
            _file = null;
            _continues = false;
        }
    }

    private void AppendPieces(JournalRecordType type, IReadOnlyList<int> pieces)
    {
        Span<byte> payload = stackalloc byte[4];
        for (int i = 0; i < pieces.Count; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(payload, pieces[i]);
            Append(type, payload);
        }
    }

    private void AppendDoubted(IReadOnlyCollection<int> pieces)
    {
        if (pieces.Count == 0)
            return;
        bool[] flags = new bool[_identity.PieceCount];
        foreach (int piece in pieces)
            flags[piece] = true;
        AppendBits(JournalRecordType.Doubted, flags);
    }

    private void AppendStamp(int index, FileStamp stamp)
    {
        Span<byte> payload = stackalloc byte[20];
        BinaryPrimitives.WriteInt32BigEndian(payload, index);
        BinaryPrimitives.WriteInt64BigEndian(payload[4..], stamp.LengthBytes);
        BinaryPrimitives.WriteInt64BigEndian(payload[12..], stamp.ModifiedTicks);
        Append(JournalRecordType.Stamp, payload);
    }

    private void AppendBits(JournalRecordType type, ReadOnlySpan<bool> flags)
    {
        const int bytesARecord = 32 * 1024;
        byte[] payload = new byte[4 + bytesARecord];
        for (int at = 0; at < flags.Length; at += bytesARecord * 8)
        {
            ReadOnlySpan<bool> part = flags[at..Math.Min(flags.Length, at + bytesARecord * 8)];
            Array.Clear(payload);
            BinaryPrimitives.WriteInt32BigEndian(payload, at / 8);
            for (int i = 0; i < part.Length; i++)
            {
                if (part[i])
                    payload[4 + i / 8] |= (byte)(0x80 >> i % 8);
            }
            Append(type, payload.AsSpan(0, 4 + (part.Length + 7) / 8));
        }
    }

    private void Append(JournalRecordType type, ReadOnlySpan<byte> payload)
    {
        _records ??= new ArrayBufferWriter<byte>(256);
        _records.Advance(JournalRecord.Write(_records.GetSpan(payload.Length + JournalRecord.OverheadBytes), type, payload));
    }

    /// <summary>Writes what was appended with one call; what the system refuses is not tried again.</summary>
    private void WriteOut()
    {
        if (_records is not { WrittenCount: > 0 } records)
            return;
        try
        {
            if (_continues)
                _file ??= File.OpenHandle(_path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read);
            if (_file is null)
                return;
            RandomAccess.Write(_file, records.WrittenSpan, _end);
            _end += records.WrittenCount;
        }
        finally
        {
            records.ResetWrittenCount();
        }
    }
}
