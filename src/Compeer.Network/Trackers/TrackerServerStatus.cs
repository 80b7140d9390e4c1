namespace Compeer.Network.Trackers;

/// <summary>What a tracker has done since its start, and holds now.</summary>
/// <param name="HttpAnnounces">Announces over HTTP, refused ones included.</param>
/// <param name="UdpAnnounces">Announces over UDP, refused ones included.</param>
/// <param name="Scrapes">Scrapes over both.</param>
/// <param name="Rejected">Requests that were not valid.</param>
/// <param name="Swarms">Swarms with peers now.</param>
/// <param name="Peers">Peers listed now.</param>
public readonly record struct TrackerServerStatus(
    long HttpAnnounces, long UdpAnnounces, long Scrapes, long Rejected, int Swarms, int Peers)
{
    /// <summary>One line for a terminal.</summary>
    public override string ToString() =>
        $"{Swarms} swarms, {Peers} peers; {HttpAnnounces + UdpAnnounces} announces ({HttpAnnounces} HTTP, {UdpAnnounces} UDP), {Scrapes} scrapes, {Rejected} rejected";
}
