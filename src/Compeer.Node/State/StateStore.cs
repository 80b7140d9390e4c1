using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Compeer.Node.State;

/// <summary>
/// What the node remembers, as values under keys, in one append-only file of checksummed lines. A change is on its way to the disk
/// before it counts; one that the disk refuses changes nothing. A line cut by a crash, or damaged, is left out at the next start; a
/// damaged file is kept beside. When four fifths of the file are old, it is made anew, atomically. Only keys are held in memory; values
/// are read from the file when they are asked for. Thread-safe.
/// </summary>
/// <remarks>
/// A line: 8 hex digits (CRC-32 of the rest), a blank, and {"k":key,"v":value} or {"k":key} for what is gone. The first line names the
/// format and its version.
/// </remarks>
public sealed class StateStore : IDisposable
{
    private const string Format = "compeer-state ";
    private const int Version = 1;
    private const string Header = "compeer-state 1";
    private const int MinRewriteBytes = 256 << 10;
    private const int MaxLineBytes = 16 << 20;

    private readonly Lock _writing = new();
    private readonly string _path;
    private readonly Dictionary<StateKey, Place> _values = [];
    private FileStream? _file;
    private long _liveBytes;

    private StateStore(string path) => _path = path;

    /// <summary>Lines that could not be used at the start.</summary>
    public int DamagedLines { get; private set; }

    /// <summary>Opens the file, or begins one.</summary>
    /// <exception cref="NodeException">The system refuses, or a newer program wrote it.</exception>
    public static StateStore Open(string path)
    {
        var store = new StateStore(path);
        try
        {
            bool isSound = store.Load();
            if (!isSound)
                File.Copy(path, path + ".damaged", overwrite: true);
            bool isNew = new FileInfo(path) is not { Exists: true, Length: > 0 };
            if (!isNew)
                store.OpenToAppend();
            if (isNew || !isSound)
                store.Rewrite();
            return store;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            store.Dispose();
            throw new NodeException(NodeFailure.Disk, $"The state in '{path}' cannot be opened: {e.Message} Check who may write there, and that the disk has room.", e);
        }
    }

    /// <summary>The values whose keys begin so, without the beginning, in order.</summary>
    /// <exception cref="NodeException">The disk refuses.</exception>
    public IReadOnlyList<(string Key, string Json)> All(string prefix)
    {
        lock (_writing)
            return [.. KeysOf(prefix).Select(key => (key[prefix.Length..], Encoding.UTF8.GetString(ReadValue(_values[new StateKey(key)]))))];
    }

    /// <summary>How many keys begin so.</summary>
    public int Count(string prefix)
    {
        lock (_writing)
            return _values.Keys.Select(key => key.ToString()).Count(key => key.StartsWith(prefix, StringComparison.Ordinal));
    }

    /// <summary>The value as an object; null when there is none, or none that can be read.</summary>
    /// <exception cref="NodeException">The disk refuses.</exception>
    /// <exception cref="NotSupportedException">The node keeps no objects of that type.</exception>
    public T? Get<T>(string key)
        where T : class
    {
        lock (_writing)
        {
            return _values.TryGetValue(new StateKey(key), out Place place) ? Read<T>(ReadValue(place)) : null;
        }
    }

    /// <summary>Values whose keys begin so, as objects, read one after the other; those that cannot be read, or are gone meanwhile, are left out.</summary>
    /// <exception cref="NodeException">The disk refuses.</exception>
    public IEnumerable<(string Key, T Value)> All<T>(string prefix)
        where T : class
    {
        string[] keys;
        lock (_writing)
            keys = KeysOf(prefix);
        return keys.Select(key => (Key: key[prefix.Length..], Value: Get<T>(key))).Where(v => v.Value is not null).Select(v => (v.Key, v.Value!));
    }

    /// <summary>Keeps a value.</summary>
    /// <param name="key">Its key.</param>
    /// <param name="value">What it shall be.</param>
    /// <param name="durable">Waits for the disk; otherwise the value survives the death of the program, and not that of the machine.</param>
    /// <exception cref="NodeException">The disk refuses; nothing changed.</exception>
    /// <exception cref="NotSupportedException">The node keeps no objects of that type.</exception>
    public void Put<T>(string key, T value, bool durable = true) => Write(key, JsonSerializer.Serialize(value, StateJson.Of<T>()), durable, onlyExisting: false);

    /// <summary>Replaces a value where there is one still: who changes what another removes at that moment does not bring it back.</summary>
    /// <inheritdoc cref="Put"/>
    /// <returns>False, and nothing is kept, when there is none.</returns>
    /// <exception cref="NodeException">The disk refuses; nothing changed.</exception>
    public bool Replace<T>(string key, T value, bool durable = true) => Write(key, JsonSerializer.Serialize(value, StateJson.Of<T>()), durable, onlyExisting: true);

    /// <summary>Forgets a value.</summary>
    /// <exception cref="NodeException">The disk refuses; nothing changed.</exception>
    public void Remove(string key) => Write(key, null, durable: true, onlyExisting: true);

    public void Dispose()
    {
        lock (_writing)
        {
            _file?.Dispose();
            _file = null;
        }
    }

    private static T? Read<T>(ReadOnlySpan<byte> json)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(json, StateJson.Of<T>());
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private string[] KeysOf(string prefix)
    {
        string[] keys = [.. _values.Keys.Select(key => key.ToString()).Where(key => key.StartsWith(prefix, StringComparison.Ordinal))];
        Array.Sort(keys, StringComparer.Ordinal);
        return keys;
    }

    private byte[] ReadValue(Place place)
    {
        ObjectDisposedException.ThrowIf(_file is null, this);
        byte[] json = new byte[place.LengthBytes];
        try
        {
            for (int read = 0, got; read < json.Length; read += got)
            {
                got = RandomAccess.Read(_file.SafeFileHandle, json.AsSpan(read), place.Position + read);
                if (got == 0)
                    throw new EndOfStreamException("It is shorter than it was.");
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodeException(NodeFailure.Disk, $"The state in '{_path}' cannot be read: {e.Message}", e);
        }
        return json;
    }

    private bool Write(string key, string? json, bool durable, bool onlyExisting)
    {
        byte[] line = StateLine.Format(key, json);
        lock (_writing)
        {
            ObjectDisposedException.ThrowIf(_file is null, this);
            if (onlyExisting && !_values.ContainsKey(new StateKey(key)))
                return false;
            long end = _file.Length;
            try
            {
                _file.Position = end;
                _file.Write(line);
                _file.Flush(durable);
            }
            catch (IOException e)
            {
                TakeBack(end);
                throw new NodeException(NodeFailure.Disk, $"The state in '{_path}' cannot be written: {e.Message} Nothing was changed. Make room on the disk and try again.", e);
            }
            Apply(key, json is null ? null : StateLine.PlaceOf(end, line, json));
            if (_file.Length > MinRewriteBytes && _file.Length > 5 * _liveBytes)
                TryRewrite();
            return true;
        }
    }

    /// <summary>What was written in part would be left out at the next start anyway; taking it back keeps the file clean meanwhile.</summary>
    private void TakeBack(long end)
    {
        try
        {
            _file!.SetLength(end);
        }
        catch (IOException)
        {
            // The next line begins behind a broken one, and a start leaves the broken one out.
        }
    }

    private void Apply(string key, Place? place)
    {
        var known = new StateKey(key);
        if (_values.Remove(known, out Place old))
            _liveBytes -= StateLine.LengthOf(key, old);
        if (place is not { } value)
            return;
        _values[known] = value;
        _liveBytes += StateLine.LengthOf(key, value);
    }

    /// <returns>False when a line within the file is damaged, or its end is.</returns>
    private bool Load()
    {
        if (!File.Exists(_path))
            return true;
        using var file = new FileStream(_path, new FileStreamOptions { Share = FileShare.ReadWrite, BufferSize = 0 });
        bool isFirst = true;
        foreach ((long position, ReadOnlyMemory<byte> line) in StateLines.Read(file, MaxLineBytes))
        {
            if (isFirst)
                CheckHeader(Encoding.UTF8.GetString(line.Span));
            else if (line.Length <= MaxLineBytes && StateLine.TryParse(line, out string key, out string? json))
                Apply(key, json is null ? null : StateLine.PlaceOf(position, line.Span, json));
            else if (line.Length > 0)
                DamagedLines++;
            isFirst = false;
        }
        _values.TrimExcess();
        return DamagedLines == 0;
    }

    private void CheckHeader(string header)
    {
        if (header == Header)
            return;
        if (header.StartsWith(Format, StringComparison.Ordinal) && int.TryParse(header.AsSpan(Format.Length), out int version) && version > Version)
            throw new NodeException(NodeFailure.Usage, $"'{_path}' was written by a newer Compeer ('{header}'; this one knows '{Header}'). Start that version, or another --data-dir.");
        DamagedLines++;
    }

    private void OpenToAppend()
    {
        _file?.Dispose();
        _file = null;
        _file = new FileStream(_path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.ReadWrite, Share = FileShare.Read, BufferSize = 0 });
        // A last line without its end would swallow the next one.
        if (_file.Length > 0)
        {
            _file.Position = _file.Length - 1;
            if (_file.ReadByte() != '\n')
                _file.Write("\n"u8);
        }
    }

    /// <summary>A full disk puts the tidying off, and loses nothing.</summary>
    private void TryRewrite()
    {
        try
        {
            Rewrite();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NodeException)
        {
            if (_file is null)
                OpenToAppend();
        }
    }

    private void Rewrite()
    {
        string[] keys = KeysOf("");
        var places = new Place[keys.Length];
        var text = new ArrayBufferWriter<byte>();
        text.Write(Encoding.UTF8.GetBytes(Header + "\n"));
        for (int i = 0; i < keys.Length; i++)
        {
            string json = Encoding.UTF8.GetString(ReadValue(_values[new StateKey(keys[i])]));
            byte[] line = StateLine.Format(keys[i], json);
            places[i] = StateLine.PlaceOf(text.WrittenCount, line, json);
            text.Write(line);
        }
        NodeFile.Write(_path, text.WrittenSpan, isSecret: true);
        for (int i = 0; i < keys.Length; i++)
            Apply(keys[i], places[i]);
        OpenToAppend();
    }

    /// <summary>Where a value stands in the file.</summary>
    internal readonly record struct Place(long Position, int LengthBytes);
}
