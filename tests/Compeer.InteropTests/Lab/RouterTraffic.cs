namespace Compeer.InteropTests.Lab;

/// <summary>Bytes, headers included, that a router passed between the hosts behind it and one address outside.</summary>
public sealed record RouterTraffic(long SentTcp, long SentUdp, long ReceivedTcp, long ReceivedUdp)
{
    public long Sent => SentTcp + SentUdp;

    public long Received => ReceivedTcp + ReceivedUdp;
}
