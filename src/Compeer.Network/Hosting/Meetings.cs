using System.Net;
using Compeer.Formats.Multiformats;

namespace Compeer.Network.Hosting;

/// <summary>A dial that a peer and we have agreed to make at the same moment.</summary>
/// <param name="Peer">With whom.</param>
/// <param name="IsDialer">We play the dialer in the handshake of a connection that both have begun, or we.</param>
/// <param name="IsDialerWhenCalled">The same for one that the peer alone has begun.</param>
/// <param name="Why">For people.</param>
internal sealed record Meeting(PeerId Peer, bool IsDialer, bool IsDialerWhenCalled, string Why);

/// <summary>
/// From which addresses peers are expected with whom we dial each other at this moment: a connection that comes from there is theirs.
/// At most <see cref="MaxMeetings"/>. Thread-safe.
/// </summary>
internal sealed class Meetings
{
    private const int MaxMeetings = 256;

    private readonly Dictionary<IPAddress, Meeting> _expected = [];

    /// <summary>The meeting with whoever is at an address; null where none is agreed.</summary>
    public Meeting? Of(IPAddress from)
    {
        lock (_expected)
            return _expected.GetValueOrDefault(from);
    }

    public void Begin(IEnumerable<IPAddress> from, Meeting meeting)
    {
        lock (_expected)
        {
            // The newest round counts: the peer may have given up one that we are still at.
            foreach (IPAddress address in from.Where(a => _expected.Count < MaxMeetings || _expected.ContainsKey(a)))
                _expected[address] = meeting;
        }
    }

    public void End(Meeting meeting)
    {
        lock (_expected)
        {
            foreach (IPAddress address in _expected.Where(e => ReferenceEquals(e.Value, meeting)).Select(e => e.Key).ToArray())
                _expected.Remove(address);
        }
    }
}
