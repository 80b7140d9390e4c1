using Compeer.Formats.Hashing;
using Compeer.Protocols.MessageStreamEncryption;

namespace Compeer.Content.Torrents;

/// <summary>The torrents by what stands for the name of a swarm in an encrypted handshake. Thread-safe.</summary>
/// <remarks>Spec: Message Stream Encryption, HASH('req2', SKEY).</remarks>
internal sealed class RequestedSwarms
{
    private readonly Lock _lock = new();
    private readonly Dictionary<Sha1Hash, TorrentSession> _byKey = [];

    /// <summary>That many more will be added.</summary>
    public void MakeRoom(int torrents)
    {
        lock (_lock)
            _byKey.EnsureCapacity(_byKey.Count + torrents);
    }

    /// <summary>Adds a torrent, none of whose names is in.</summary>
    public void Add(TorrentSession session)
    {
        lock (_lock)
        {
            foreach (Sha1Hash id in session.InfoHashes.SwarmIds)
                _byKey[EncryptionKeys.RequestedKey(id)] = session;
        }
    }

    /// <summary>Takes a torrent out, if it is in.</summary>
    public void Remove(TorrentSession session)
    {
        lock (_lock)
        {
            foreach (Sha1Hash key in session.InfoHashes.SwarmIds.Select(EncryptionKeys.RequestedKey))
            {
                if (_byKey.GetValueOrDefault(key) == session)
                    _byKey.Remove(key);
            }
        }
    }

    /// <summary>The name that an encrypted handshake means; null when it is none of ours.</summary>
    public Sha1Hash? Find(Sha1Hash key)
    {
        TorrentSession? session;
        lock (_lock)
            session = _byKey.GetValueOrDefault(key);
        foreach (Sha1Hash id in session?.InfoHashes.SwarmIds ?? [])
        {
            if (EncryptionKeys.RequestedKey(id).Equals(key))
                return id;
        }
        return null;
    }
}
