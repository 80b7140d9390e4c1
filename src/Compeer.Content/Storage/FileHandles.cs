using Microsoft.Win32.SafeHandles;

namespace Compeer.Content.Storage;

/// <summary>
/// Open files of one torrent, at most <see cref="MaxOpen"/>, the least recently used closed first. Thread-safe: a
/// handle in use is never closed under its user.
/// </summary>
internal sealed class FileHandles : IDisposable
{
    /// <summary>Idle handles kept per torrent.</summary>
    public const int MaxOpen = 64;

    private readonly Dictionary<string, Entry> _open = [];
    private readonly Lock _lock = new();
    private long _clock;

    /// <summary>A handle to use until the lease is disposed; opened by <paramref name="open"/> when there is none that allows <paramref name="write"/>.</summary>
    public Lease Borrow(string path, bool write, Func<string, SafeFileHandle> open)
    {
        lock (_lock)
        {
            if (_open.TryGetValue(path, out Entry? entry) && (entry.Writable || !write))
            {
                entry.Users++;
                entry.LastUse = ++_clock;
                return new Lease(this, entry);
            }
            if (entry is not null)
                Retire(path, entry);
            if (_open.Count >= MaxOpen)
                EvictOldest();
            entry = new Entry(open(path), write) { Users = 1, LastUse = ++_clock };
            _open[path] = entry;
            return new Lease(this, entry);
        }
    }

    /// <summary>Forgets a file, so that the next use opens it anew.</summary>
    public void Drop(string path)
    {
        lock (_lock)
        {
            if (_open.TryGetValue(path, out Entry? entry))
                Retire(path, entry);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            foreach ((string path, Entry entry) in _open.ToArray())
                Retire(path, entry);
        }
    }

    private void EvictOldest()
    {
        string? oldest = null;
        long use = long.MaxValue;
        foreach ((string path, Entry entry) in _open)
        {
            if (entry.Users == 0 && entry.LastUse < use)
                (oldest, use) = (path, entry.LastUse);
        }
        if (oldest is not null)
            Retire(oldest, _open[oldest]);
    }

    private void Retire(string path, Entry entry)
    {
        _open.Remove(path);
        entry.Retired = true;
        if (entry.Users == 0)
            entry.Handle.Dispose();
    }

    private void GiveBack(Entry entry)
    {
        lock (_lock)
        {
            if (--entry.Users == 0 && entry.Retired)
                entry.Handle.Dispose();
        }
    }

    internal sealed class Entry(SafeFileHandle handle, bool writable)
    {
        public SafeFileHandle Handle { get; } = handle;

        public bool Writable { get; } = writable;

        public int Users { get; set; }

        public long LastUse { get; set; }

        public bool Retired { get; set; }
    }

    /// <summary>The right to use a handle.</summary>
    internal readonly struct Lease(FileHandles owner, Entry entry) : IDisposable
    {
        public SafeFileHandle Handle => entry.Handle;

        public void Dispose() => owner.GiveBack(entry);
    }
}
