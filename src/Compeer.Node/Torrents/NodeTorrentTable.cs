using Compeer.Formats.Hashing;

namespace Compeer.Node.Torrents;

/// <summary>The torrents by the names of their swarms. Thread-safe.</summary>
internal sealed class NodeTorrentTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Sha1Hash, NodeTorrent> _bySwarmId = [];
    private int _count;

    /// <summary>How many there are.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Adds one under all its names.</summary>
    public void Add(NodeTorrent torrent)
    {
        lock (_lock)
        {
            _count += _bySwarmId.ContainsKey(torrent.InfoHashes.Truncated) ? 0 : 1;
            foreach (Sha1Hash id in torrent.InfoHashes.SwarmIds)
                _bySwarmId[id] = torrent;
        }
    }

    /// <summary>Gives back the room for more than are in.</summary>
    public void TrimExcess()
    {
        lock (_lock)
            _bySwarmId.TrimExcess();
    }

    /// <summary>Takes one out, if it is in.</summary>
    public void Remove(NodeTorrent torrent)
    {
        lock (_lock)
        {
            if (!IsIn(torrent))
                return;
            _count--;
            foreach (Sha1Hash id in torrent.InfoHashes.SwarmIds)
            {
                if (_bySwarmId.GetValueOrDefault(id) == torrent)
                    _bySwarmId.Remove(id);
            }
        }
    }

    /// <summary>Whether that torrent, and no other of its name, is in.</summary>
    public bool Contains(NodeTorrent torrent)
    {
        lock (_lock)
            return IsIn(torrent);
    }

    /// <summary>The torrent of that name, whichever of a hybrid's two; null when there is none.</summary>
    public NodeTorrent? Find(Sha1Hash swarmId)
    {
        lock (_lock)
            return _bySwarmId.GetValueOrDefault(swarmId);
    }

    /// <summary>All of them, each once; a snapshot.</summary>
    public IReadOnlyList<NodeTorrent> All()
    {
        lock (_lock)
        {
            var all = new List<NodeTorrent>(_count);
            foreach ((Sha1Hash id, NodeTorrent torrent) in _bySwarmId)
            {
                if (id.Equals(torrent.InfoHashes.Truncated))
                    all.Add(torrent);
            }
            return all;
        }
    }

    private bool IsIn(NodeTorrent torrent) => _bySwarmId.GetValueOrDefault(torrent.InfoHashes.Truncated) == torrent;
}
