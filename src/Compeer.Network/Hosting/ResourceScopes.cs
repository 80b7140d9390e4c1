using System.Runtime.InteropServices;
using Compeer.Formats.Multiformats;

namespace Compeer.Network.Hosting;

/// <summary>
/// Counts streams and memory in the scopes of <see cref="ConnectionLimits"/>: what does not fit into one of its scopes is taken into none.
/// Connections are counted by <see cref="ConnectionGate"/>. Thread-safe.
/// </summary>
internal sealed class ResourceScopes(ConnectionLimits limits)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<PeerId, PeerScope> _peers = [];
    private readonly Dictionary<string, ProtocolScope> _protocols = [];
    private int _streams;
    private int _transient;
    private long _messageBytes;
    private long _unreadBytes;

    /// <summary>The scope of a peer, for as long as one of its connections holds it.</summary>
    public PeerScope Enter(PeerId peer)
    {
        lock (_lock)
        {
            if (!_peers.TryGetValue(peer, out PeerScope? scope))
                _peers[peer] = scope = new PeerScope(peer);
            scope.Connections++;
            return scope;
        }
    }

    /// <summary>A connection of the peer is over.</summary>
    public void Leave(PeerScope peer)
    {
        lock (_lock)
        {
            if (--peer.Connections == 0)
                _peers.Remove(peer.Id);
        }
    }

    /// <summary>Counts a stream that the peer has opened and that has no protocol yet; null when there are too many.</summary>
    public StreamPlace? TryOpenStream(PeerScope peer)
    {
        lock (_lock)
        {
            if (_streams >= limits.MaxStreams || _transient >= limits.MaxTransientStreams || peer.Streams >= limits.MaxStreamsPerPeer)
                return null;
            _streams++;
            _transient++;
            peer.Streams++;
            return new StreamPlace(this, peer);
        }
    }

    /// <summary>Notes that a connection holds other unread bytes than before; false when there is no room for more.</summary>
    public bool TryNoteUnread(PeerScope peer, int change)
    {
        bool fits = Interlocked.Add(ref _unreadBytes, change) <= limits.MaxUnreadBytes;
        return (Interlocked.Add(ref peer.UnreadBytes, change) <= limits.MaxUnreadBytesPerPeer || peer.Connections <= 1) && fits;
    }

    /// <summary>Counts more of a message that is being read; false, and nothing counted, when there is no room for it. The only message of a peer may be as long as its protocol lets it.</summary>
    /// <param name="peer">Whose message it is.</param>
    /// <param name="protocol">Its protocol.</param>
    /// <param name="counted">What is counted of it already.</param>
    /// <param name="bytes">What comes on top.</param>
    public bool TryReserveMessage(PeerScope peer, string protocol, int counted, int bytes)
    {
        lock (_lock)
        {
            ref ProtocolScope of = ref CollectionsMarshal.GetValueRefOrAddDefault(_protocols, protocol, out _);
            bool fits = _messageBytes + bytes <= limits.MaxMessageBytes
                && of.MessageBytes + bytes <= limits.MaxMessageBytesPerProtocol
                && (peer.MessageBytes + bytes <= limits.MaxMessageBytesPerPeer || peer.MessageBytes == counted);
            if (fits)
                AddMessageBytes(peer, ref of, bytes);
            Tidy(protocol, of);
            return fits;
        }
    }

    /// <summary>A message has been read, or never will be.</summary>
    public void ReleaseMessage(PeerScope peer, string protocol, int bytes)
    {
        if (bytes == 0)
            return;
        lock (_lock)
        {
            ref ProtocolScope of = ref CollectionsMarshal.GetValueRefOrAddDefault(_protocols, protocol, out _);
            AddMessageBytes(peer, ref of, -bytes);
            Tidy(protocol, of);
        }
    }

    private void AddMessageBytes(PeerScope peer, ref ProtocolScope protocol, int bytes)
    {
        _messageBytes += bytes;
        protocol.MessageBytes += bytes;
        peer.MessageBytes += bytes;
    }

    private bool TryServe(PeerScope peer, string protocol)
    {
        lock (_lock)
        {
            ref ProtocolScope of = ref CollectionsMarshal.GetValueRefOrAddDefault(_protocols, protocol, out _);
            ref int both = ref CollectionsMarshal.GetValueRefOrAddDefault(peer.StreamsOf, protocol, out _);
            bool fits = of.Streams < limits.MaxStreamsPerProtocol && both < limits.MaxStreamsPerProtocolAndPeer;
            if (fits)
            {
                of.Streams++;
                both++;
                _transient--;
            }
            Tidy(protocol, of);
            if (both == 0)
                peer.StreamsOf.Remove(protocol);
            return fits;
        }
    }

    private void End(PeerScope peer, string? protocol)
    {
        lock (_lock)
        {
            _streams--;
            peer.Streams--;
            if (protocol is null)
            {
                _transient--;
                return;
            }
            ref ProtocolScope of = ref CollectionsMarshal.GetValueRefOrAddDefault(_protocols, protocol, out _);
            of.Streams--;
            if (--CollectionsMarshal.GetValueRefOrAddDefault(peer.StreamsOf, protocol, out _) == 0)
                peer.StreamsOf.Remove(protocol);
            Tidy(protocol, of);
        }
    }

    /// <summary>Names are the remote's, so one that counts nothing is not kept.</summary>
    private void Tidy(string protocol, ProtocolScope scope)
    {
        if (scope is { Streams: 0, MessageBytes: 0 })
            _protocols.Remove(protocol);
    }

    /// <summary>What one peer holds. Its owner counts.</summary>
    internal sealed class PeerScope(PeerId id)
    {
        /// <summary>Unread bytes of all its connections.</summary>
        public long UnreadBytes;

        /// <summary>The peer.</summary>
        public PeerId Id { get; } = id;

        /// <summary>Connections that hold this scope.</summary>
        public int Connections { get; set; }

        /// <summary>Streams that it opened.</summary>
        public int Streams { get; set; }

        /// <summary>Parts of its messages.</summary>
        public long MessageBytes { get; set; }

        /// <summary>Its streams by protocol.</summary>
        public Dictionary<string, int> StreamsOf { get; } = [];
    }

    /// <summary>The place of one stream, until it is disposed of.</summary>
    internal sealed class StreamPlace(ResourceScopes scopes, PeerScope peer) : IDisposable
    {
        private string? _protocol;

        /// <summary>The stream has its protocol now; false when there are too many of its kind.</summary>
        public bool TryServe(string protocol)
        {
            if (!scopes.TryServe(peer, protocol))
                return false;
            _protocol = protocol;
            return true;
        }

        public void Dispose() => scopes.End(peer, _protocol);
    }

    private record struct ProtocolScope(int Streams, long MessageBytes);
}
