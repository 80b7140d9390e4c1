using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;

namespace Compeer.Content.Torrents;

/// <summary>
/// Torrents by the names of their swarms: a hybrid has two. Some 45 bytes a name: with hundreds of thousands that sleep, tables are a
/// good part of all that they take. Thread-safe.
/// </summary>
/// <typeparam name="T">What stands for a torrent.</typeparam>
/// <param name="hashesOf">Its names, which never change.</param>
public sealed class TorrentTable<T>(Func<T, InfoHashes> hashesOf)
    where T : class
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Sha1Hash, T> _bySwarmId = [];
    private int _count;

    /// <summary>How many there are.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>That many more will be added.</summary>
    public void MakeRoom(int torrents)
    {
        lock (_lock)
            _bySwarmId.EnsureCapacity(_bySwarmId.Count + torrents);
    }

    /// <summary>Gives back the room for more than are in.</summary>
    public void TrimExcess()
    {
        lock (_lock)
            _bySwarmId.TrimExcess();
    }

    /// <summary>Adds a torrent under all its names; under none when one of them is taken.</summary>
    /// <returns>The name that is taken; null when the torrent was added.</returns>
    public Sha1Hash? TryAdd(T torrent)
    {
        InfoHashes hashes = hashesOf(torrent);
        lock (_lock)
        {
            foreach (Sha1Hash id in hashes.SwarmIds)
            {
                if (_bySwarmId.ContainsKey(id))
                    return id;
            }
            foreach (Sha1Hash id in hashes.SwarmIds)
                _bySwarmId[id] = torrent;
            _count++;
            return null;
        }
    }

    /// <summary>Takes a torrent out, if it is in.</summary>
    public void Remove(T torrent)
    {
        lock (_lock)
        {
            if (!IsIn(torrent))
                return;
            foreach (Sha1Hash id in hashesOf(torrent).SwarmIds)
                _bySwarmId.Remove(id);
            _count--;
        }
    }

    /// <summary>Whether that torrent, and no other of its name, is in.</summary>
    public bool Contains(T torrent)
    {
        lock (_lock)
            return IsIn(torrent);
    }

    /// <summary>The torrent of that name, whichever of a hybrid's two; null when there is none.</summary>
    public T? Find(Sha1Hash swarmId)
    {
        lock (_lock)
            return _bySwarmId.GetValueOrDefault(swarmId);
    }

    /// <summary>All of them, each once, in no order; a snapshot.</summary>
    public T[] All()
    {
        lock (_lock)
        {
            // No query: one over values would be compiled at each start.
            var all = new T[_count];
            int count = 0;
            foreach ((Sha1Hash id, T torrent) in _bySwarmId)
            {
                if (id.Equals(hashesOf(torrent).Truncated))
                    all[count++] = torrent;
            }
            return all;
        }
    }

    private bool IsIn(T torrent) => _bySwarmId.GetValueOrDefault(hashesOf(torrent).Truncated) == torrent;
}
