using System.Text;
using Compeer.Protocols.KadDht;
using Compeer.Protocols.Kademlia;

namespace Compeer.Network.KadDht;

/// <summary>
/// What a node of the DHT keeps over a restart, in one append-only file of checksummed lines, which one program at a time has open. What was
/// written survives the death of the program at once, and that of the machine when the system has written it. A damaged line is left out at the next
/// start and said so; the damaged file is kept beside. When half of the file is old, it is made anew, atomically. Not thread-safe: its node calls it.
/// </summary>
/// <remarks>The first line names the format and its version; each further line is a <see cref="KadKept"/>, or says that it is kept no more. Decision 0043.</remarks>
public sealed class KadFileArchive : IKadArchive, IDisposable
{
    private const string Header = "compeer-kad 1";
    private const int MinRewriteBytes = 256 << 10;
    private const int BufferBytes = 64 << 10;

    private readonly string _path;
    private readonly KadArchiveOptions _options;
    private readonly Dictionary<Key256, (long Offset, int Length)> _live = [];
    private FileStream _file;
    private long _end;
    private long _liveBytes;
    private bool _isFailing;

    private KadFileArchive(string path, KadArchiveOptions options, FileStream file) => (_path, _options, _file) = (path, options, file);

    /// <summary>Things that are kept.</summary>
    public int Count => _live.Count;

    /// <summary>Lines that could not be used at the start.</summary>
    public int DamagedLines { get; private set; }

    /// <summary>Things that could not be written since the start: the disk refused, or a bound was reached.</summary>
    public int Lost { get; private set; }

    /// <summary>Opens the file, or begins one that only its owner may read.</summary>
    /// <exception cref="IOException">The system refuses, or another program has it open.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    /// <exception cref="InvalidDataException">A newer program wrote it.</exception>
    public static KadFileArchive Open(string path, KadArchiveOptions? options = null)
    {
        path = Path.GetFullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        var archive = new KadFileArchive(path, options ?? new KadArchiveOptions(), OpenFile(path, FileMode.OpenOrCreate));
        try
        {
            archive.Read();
            return archive;
        }
        catch
        {
            archive.Dispose();
            throw;
        }
    }

    public IEnumerable<KadKept> Load()
    {
        // The node may drop what it does not want, and with that have the file made anew meanwhile.
        foreach (Key256 name in _live.Keys.ToArray())
        {
            if (_live.TryGetValue(name, out (long Offset, int Length) at) && KadArchiveLine.TryParse(LineAt(at.Offset, at.Length).AsSpan(0, at.Length - 1), out _, out KadKept? kept) && kept is not null)
                yield return kept;
        }
    }

    public void Keep(KadKept kept)
    {
        byte[] content = KadKeptCodec.Encode(kept);
        Key256 name = Key256.HashOf(kept.Name);
        if (content.Length > KadKeptCodec.MaxBytes || (_live.Count >= _options.MaxEntries && !_live.ContainsKey(name)))
        {
            Lose("there are too many entries, or one is too long");
            return;
        }
        byte[] line = KadArchiveLine.Format(content);
        long at = _end;
        if (!TryAppend(line))
            return;
        Forget(name);
        _live[name] = (at, line.Length);
        _liveBytes += line.Length;
        Tidy();
    }

    public void Drop(ReadOnlySpan<byte> name)
    {
        if (_live.ContainsKey(Key256.HashOf(name)) && TryAppend(KadArchiveLine.Format(KadKeptCodec.EncodeDropped(name))))
        {
            Forget(Key256.HashOf(name));
            Tidy();
        }
    }

    public void Dispose() => _file.Dispose();

    private static FileStream OpenFile(string path, FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None, BufferSize = 0 };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        return new FileStream(path, options);
    }

    /// <summary>Finds out what the file holds; makes it anew where a part of it is damaged.</summary>
    private void Read()
    {
        bool isFirst = true;
        foreach ((long offset, byte[]? line) in Lines())
        {
            bool isHeader = isFirst && line.AsSpan().StartsWith("compeer-kad "u8);
            isFirst = false;
            if (isHeader && !line.AsSpan().SequenceEqual(Encoding.ASCII.GetBytes(Header)))
                throw new InvalidDataException($"'{_path}' was written by a newer Compeer. Start that version, or give another file.");
            if (isHeader)
                continue;
            if (line is null || !KadArchiveLine.TryParse(line, out byte[]? name, out KadKept? kept))
            {
                DamagedLines++;
                continue;
            }
            Key256 key = Key256.HashOf(name);
            Forget(key);
            if (kept is null || _live.Count >= _options.MaxEntries)
                continue;
            _live[key] = (offset, line.Length + 1);
            _liveBytes += line.Length + 1;
        }
        _end = _file.Length;
        if (DamagedLines > 0)
        {
            _file.Position = 0;
            using (FileStream copy = OpenFile(_path + ".damaged", FileMode.Create))
                _file.CopyTo(copy);
            _options.Note?.Invoke($"{_path}: {DamagedLines} damaged entries are left out, {_live.Count} are sound; the file as it was is {_path}.damaged.");
        }
        if (DamagedLines > 0 || _end == 0 || _end > 2 * _liveBytes + MinRewriteBytes)
            Rewrite();
    }

    /// <summary>The lines without their ends, and where they begin; null for one that is too long or has no end. A file beyond its bound is not read further.</summary>
    private IEnumerable<(long Offset, byte[]? Line)> Lines()
    {
        var source = new BufferedStream(_file, BufferBytes);
        source.Position = 0;
        var line = new MemoryStream();
        long start = 0, at = 0;
        for (int next = source.ReadByte(); next >= 0 && at < _options.MaxBytes; next = source.ReadByte())
        {
            at++;
            if (next != '\n')
            {
                if (line.Length < KadArchiveLine.MaxBytes)
                    line.WriteByte((byte)next);
                continue;
            }
            yield return (start, line.Length < KadArchiveLine.MaxBytes ? line.ToArray() : null);
            line.SetLength(0);
            start = at;
        }
        if (start < _file.Length)
            yield return (start, null);
    }

    private byte[] LineAt(long offset, int length)
    {
        byte[] line = new byte[length];
        _file.Position = offset;
        _file.ReadExactly(line);
        return line;
    }

    private bool TryAppend(byte[] line)
    {
        if (_end + line.Length > _options.MaxBytes && _liveBytes + line.Length < _options.MaxBytes / 4 * 3)
            TryRewrite();
        if (_end + line.Length > _options.MaxBytes)
        {
            Lose($"the file has its {_options.MaxBytes} bytes");
            return false;
        }
        try
        {
            _file.Position = _end;
            _file.Write(line);
            _file.Flush();
            _end += line.Length;
            _isFailing = false;
            return true;
        }
        catch (IOException e)
        {
            // The next line is written over what was written of this one.
            Lose(e.Message);
            return false;
        }
    }

    private void Lose(string why)
    {
        Lost++;
        if (!_isFailing)
            _options.Note?.Invoke($"{_path}: what the DHT keeps cannot all be written ({why}); a restart will lose it.");
        _isFailing = true;
    }

    private void Forget(in Key256 name)
    {
        if (_live.Remove(name, out (long Offset, int Length) old))
            _liveBytes -= old.Length;
    }

    private void Tidy()
    {
        if (_end > MinRewriteBytes && _end > 2 * _liveBytes)
            TryRewrite();
    }

    /// <summary>A full disk puts the tidying off, and loses nothing.</summary>
    private void TryRewrite()
    {
        try
        {
            Rewrite();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Lose(e.Message);
        }
    }

    private void Rewrite()
    {
        string fresh = _path + ".new";
        FileStream file = OpenFile(fresh, FileMode.Create);
        var places = new List<(Key256 Name, long Offset, int Length)>(_live.Count);
        long end;
        try
        {
            var output = new BufferedStream(file, BufferBytes);
            output.Write(Encoding.ASCII.GetBytes(Header + "\n"));
            foreach ((Key256 name, (long offset, int length)) in _live.OrderBy(l => l.Value.Offset))
            {
                places.Add((name, output.Position, length));
                output.Write(LineAt(offset, length));
            }
            output.Flush();
            end = file.Length;
            File.Move(fresh, _path, overwrite: true);
        }
        catch
        {
            file.Dispose();
            throw;
        }
        _file.Dispose();
        (_file, _end) = (file, end);
        foreach ((Key256 name, long offset, int length) in places)
            _live[name] = (offset, length);
    }
}
