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

    /// <summary>Sends several, as <see cref="TrySend"/> does each.</summary>
    /// <param name="payloads">One behind the other; not kept.</param>
    /// <param name="datagrams">Their lengths and receivers.</param>
    void Send(ReadOnlySpan<byte> payloads, ReadOnlySpan<OutgoingDatagram> datagrams)
    {
        foreach (ref readonly OutgoingDatagram datagram in datagrams)
        {
            TrySend(payloads[..datagram.LengthBytes], datagram.To, datagram.DontFragment);
            payloads = payloads[datagram.LengthBytes..];
        }
    }
}

/// <summary>One of several datagrams.</summary>
/// <param name="LengthBytes">The payload's bytes.</param>
/// <param name="To">The receiver.</param>
/// <param name="DontFragment">A datagram too long for a link shall be lost rather than cut.</param>
public readonly record struct OutgoingDatagram(int LengthBytes, IPEndPoint To, bool DontFragment);
