namespace Compeer.Network.Transports;

/// <summary>How datagrams pass to and from the system. One receiver and one sender at a time; neither of them waits.</summary>
internal interface IDatagramCalls
{
    /// <summary>Waits until there is something to receive.</summary>
    /// <exception cref="System.Net.Sockets.SocketException">An ICMP error of something sent earlier; it says nothing about this port.</exception>
    ValueTask WaitAsync(CancellationToken cancellationToken);

    /// <summary>Fills slots with what is there; gives how many.</summary>
    int Receive();

    /// <summary>What a slot was filled with; an empty address stands for what was too long and is not shown.</summary>
    /// <param name="slot">From 0.</param>
    /// <param name="address">The sender in the system's form.</param>
    /// <param name="segmentBytes">The length of each datagram of a train but the last, which may be shorter.</param>
    ReadOnlySpan<byte> Received(int slot, out ReadOnlySpan<byte> address, out int segmentBytes);

    /// <summary>Sends; gives how many datagrams the system took. The others are lost, as on a network.</summary>
    int Send(DatagramBatch batch);
}
