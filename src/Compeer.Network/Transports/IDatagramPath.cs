using System.Net;

namespace Compeer.Network.Transports;

/// <summary>A way on which datagrams leave: our own UDP port, or a relay's.</summary>
public interface IDatagramPath
{
    /// <summary>Sends without waiting; false when it could not be sent (no room, too long, no route). Thread-safe.</summary>
    /// <param name="datagram">The payload; not kept.</param>
    /// <param name="to">The receiver.</param>
    /// <param name="dontFragment">A datagram too long for a link shall be lost rather than cut.</param>
    bool TrySend(ReadOnlySpan<byte> datagram, IPEndPoint to, bool dontFragment = false);
}
