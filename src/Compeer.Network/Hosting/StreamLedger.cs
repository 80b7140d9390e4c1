using System.Runtime.InteropServices;
using Compeer.Formats.Multiformats;

namespace Compeer.Network.Hosting;

/// <summary>Counts the streams that are served, by protocol and by peer, against their limits. Thread-safe.</summary>
internal sealed class StreamLedger(ConnectionLimits limits)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, int> _ofProtocol = [];
    private readonly Dictionary<(string Protocol, PeerId Peer), int> _ofPeer = [];

    /// <summary>Counts a stream; false when there are too many of its kind.</summary>
    public bool TryEnter(string protocol, PeerId peer)
    {
        lock (_lock)
        {
            if (_ofProtocol.GetValueOrDefault(protocol) >= limits.MaxStreamsPerProtocol || _ofPeer.GetValueOrDefault((protocol, peer)) >= limits.MaxStreamsPerProtocolAndPeer)
                return false;
            CollectionsMarshal.GetValueRefOrAddDefault(_ofProtocol, protocol, out _)++;
            CollectionsMarshal.GetValueRefOrAddDefault(_ofPeer, (protocol, peer), out _)++;
            return true;
        }
    }

    public void Leave(string protocol, PeerId peer)
    {
        lock (_lock)
        {
            if (--_ofProtocol[protocol] == 0)
                _ofProtocol.Remove(protocol);
            if (--_ofPeer[(protocol, peer)] == 0)
                _ofPeer.Remove((protocol, peer));
        }
    }
}
