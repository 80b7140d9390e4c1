using Compeer.Formats.Hashing;
using Compeer.Protocols.MessageStreamEncryption;

namespace Compeer.Content.Torrents;

/// <summary>
/// The torrents of a client by the names of their swarms, and by what stands for a name in an encrypted handshake. Some 90 bytes a
/// torrent: with hundreds of thousands that sleep, tables are a good part of all that they take. Thread-safe.
/// </summary>
internal sealed class SwarmTable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Sha1Hash, TorrentSession> _bySwarmId = [];
    private readonly Dictionary<Sha1Hash, TorrentSession> _byRequestedKey = [];

    /// <summary>That many more will be added.</summary>
    public void MakeRoom(int torrents)
    {
        lock (_lock)
        {
            _bySwarmId.EnsureCapacity(_bySwarmId.Count + torrents);
            _byRequestedKey.EnsureCapacity(_byRequestedKey.Count + torrents);
        }
    }

    /// <summary>Adds a torrent under all its names; nothing of it when one of them is taken.</summary>
    /// <returns>The name that is taken; null when the torrent was added.</returns>
    public Sha1Hash? TryAdd(TorrentSession session)
    {
        lock (_lock)
        {
            foreach (Sha1Hash id in session.InfoHashes.SwarmIds)
            {
                if (_bySwarmId.ContainsKey(id))
                    return id;
            }
            foreach (Sha1Hash id in session.InfoHashes.SwarmIds)
                _bySwarmId[id] = _byRequestedKey[EncryptionKeys.RequestedKey(id)] = session;
            return null;
        }
    }

    /// <summary>Takes a torrent out, if it is in.</summary>
    public void Remove(TorrentSession session)
    {
        lock (_lock)
        {
            foreach (Sha1Hash id in session.InfoHashes.SwarmIds)
            {
                if (_bySwarmId.GetValueOrDefault(id) != session)
                    continue;
                _bySwarmId.Remove(id);
                _byRequestedKey.Remove(EncryptionKeys.RequestedKey(id));
            }
        }
    }

    /// <summary>The torrent of that name; null when there is none.</summary>
    public TorrentSession? Find(Sha1Hash swarmId)
    {
        lock (_lock)
            return _bySwarmId.GetValueOrDefault(swarmId);
    }

    /// <summary>The name that an encrypted handshake means; null when it is none of ours.</summary>
    public Sha1Hash? FindRequested(Sha1Hash key)
    {
        TorrentSession? session;
        lock (_lock)
            session = _byRequestedKey.GetValueOrDefault(key);
        foreach (Sha1Hash id in session?.InfoHashes.SwarmIds ?? [])
        {
            if (EncryptionKeys.RequestedKey(id).Equals(key))
                return id;
        }
        return null;
    }

    /// <summary>All of them, each once; a snapshot.</summary>
    public TorrentSession[] All()
    {
        // No query: one over values would be compiled at each start.
        var all = new List<TorrentSession>();
        lock (_lock)
        {
            foreach ((Sha1Hash id, TorrentSession session) in _bySwarmId)
            {
                if (id.Equals(session.InfoHashes.Truncated))
                    all.Add(session);
            }
        }
        return [.. all];
    }
}
