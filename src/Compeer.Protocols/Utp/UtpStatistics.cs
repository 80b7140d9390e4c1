namespace Compeer.Protocols.Utp;

/// <summary>Counters and measures of a connection.</summary>
/// <param name="SentBytes">Payload sent for the first time.</param>
/// <param name="ReceivedBytes">Payload received in order.</param>
/// <param name="SentPackets">Packets sent, of every type.</param>
/// <param name="ResentPackets">Packets sent again.</param>
/// <param name="Timeouts">Time-outs without any acknowledgement.</param>
/// <param name="RoundTrip">Smoothed round-trip time.</param>
/// <param name="Queueing">Queueing delay that our packets meet.</param>
/// <param name="WindowBytes">Congestion window.</param>
/// <param name="DatagramBytes">Largest datagram known to pass.</param>
/// <param name="ImpossibleAcks">Packets dropped because they acknowledged what was never sent.</param>
public readonly record struct UtpStatistics(
    long SentBytes,
    long ReceivedBytes,
    long SentPackets,
    long ResentPackets,
    int Timeouts,
    TimeSpan RoundTrip,
    TimeSpan Queueing,
    int WindowBytes,
    int DatagramBytes,
    int ImpossibleAcks);
