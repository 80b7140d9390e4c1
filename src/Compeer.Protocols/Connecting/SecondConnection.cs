using System.Net;
using Compeer.Protocols.PeerWire;

namespace Compeer.Protocols.Connecting;

/// <summary>
/// Tells whether a second connection may be from the peer that is connected already. Anybody can claim a peer's id, so a connection
/// may take another's place only when it comes from where that peer is.
/// </summary>
public static class SecondConnection
{
    /// <summary>Whether the peer at the other end of <paramref name="first"/> may come from <paramref name="newcomer"/> as well.</summary>
    /// <remarks>
    /// Over a direct connection we see its address ourselves. Where its end is at a relay we do not, and many share the relay's address:
    /// then what it has said over the first connection counts, its port at the relay and its own address, which nobody else can say there.
    /// </remarks>
    /// <param name="newcomer">From where the second connection comes.</param>
    /// <param name="first">The remote endpoint of the first one.</param>
    /// <param name="isRelayed">Whether the first one goes through a relay, of ours or of the peer.</param>
    /// <param name="said">What the peer has said over the first one.</param>
    public static bool MayComeFrom(IPEndPoint newcomer, IPEndPoint first, bool isRelayed, RemoteExtensions said)
    {
        if (!isRelayed)
            return newcomer.Address.Equals(first.Address);
        bool isAtRelay = first.Equals(said.Relayed);
        return newcomer.Equals(first) || newcomer.Equals(said.Relayed) || newcomer.Address.Equals(said.OwnV4) || newcomer.Address.Equals(said.OwnV6)
            || (!isAtRelay && newcomer.Address.Equals(first.Address));
    }
}
