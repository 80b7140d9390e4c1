using System.Net;

namespace Compeer.Network.Transports;

/// <summary>One user of a shared UDP port.</summary>
public interface IDatagramReceiver
{
    /// <summary>True when the datagram was its own. Called on the endpoint's receive loop, one at a time; returns soon and never throws.</summary>
    /// <param name="datagram">The payload; valid during the call.</param>
    /// <param name="from">The sender; never an IPv4 address in IPv6 form.</param>
    bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from);

    /// <summary>Several datagrams that came together follow; what they lead to may wait for <see cref="EndBatch"/>.</summary>
    void BeginBatch()
    {
    }

    /// <summary>The last of them was shown.</summary>
    void EndBatch()
    {
    }
}
