using System.Globalization;

namespace Compeer.Content.Torrents;

// Why a torrent is as fast as it is, in words.
internal sealed partial class TorrentSession
{
    private string _why = "";

    /// <summary>One clause without a full stop.</summary>
    private string Why() => Phase switch
    {
        TorrentPhase.Paused => "paused",
        TorrentPhase.Stopped => "stopped",
        TorrentPhase.Moving => $"its files are being moved to {_move?.Directory}",
        TorrentPhase.Failed or TorrentPhase.WaitingForRoom => Problem ?? "the disk refuses",
        TorrentPhase.Checking => IsClosing ? "what works on its files comes to an end first" : "what is on the disk is being hashed",
        TorrentPhase.Seeding => WhyGiving(),
        TorrentPhase.FetchingMetadata => Links.Count == 0 ? WhyNobody() : $"asking {Count(Links.Count, "peer")} for the description",
        _ => WhyFetching(),
    };

    private string WhyGiving()
    {
        if (Links.Count == 0)
            return "nobody wants it at the moment";
        if (IsAtLimit(UpLimit, Up))
            return $"limited to {Rate(UpLimit.BytesPerSecond)}";
        int wanting = Links.Values.Count(l => l.Wire.PeerInterested);
        int served = Links.Values.Count(l => l.Wire is { PeerInterested: true, AmChoking: false });
        return wanting == 0 ? $"{Count(Links.Count, "peer")}, and none wants anything" : $"giving to {served} of {Count(wanting, "peer")} that want something";
    }

    private string WhyFetching()
    {
        int giving = Links.Values.Count(l => !l.Down.IsIdle) + WebSeeds.Describe().Count(w => w.DownRate > 0);
        if (IsAtLimit(DownLimit, Down))
            return $"limited to {Rate(DownLimit.BytesPerSecond)}";
        if (!Downloads.MayAsk)
            return "the disk is slower than the network";
        if (giving > 0)
            return $"fetching from {giving} of {Count(Links.Count + WebSeeds.Count, "peer")}";
        if (Links.Count == 0)
            return WhyNobody();
        int seeds = Links.Values.Count(l => l.Wire.RemotePieces?.IsComplete == true);
        string who = seeds == Links.Count ? Count(seeds, "seed") : Count(Links.Count, "peer");
        if (!Links.Values.Any(l => l.Wire.AmInterested))
            return $"{who}, and none has what is missing";
        return Links.Values.All(l => l.Wire.PeerChoking || !l.Wire.AmInterested) ? $"{who}, all busy" : $"{who} asked, no answer yet";
    }

    private string WhyNobody()
    {
        if (KnownPeers > 0)
            return $"{Count(KnownPeers, "peer")} known, and none connected yet";
        string tracker = _announces?.Message is { } said ? $"the tracker says: {said}" : "no tracker has answered";
        string dht = IsPrivate || Discovery.Dht is not { } dhtAnnounces ? "" : dhtAnnounces.LastSearch is { } search && search.Peers == 0 ? ", and the DHT knows nobody" : ", and the DHT is being asked";
        return $"no peers found yet: {tracker}{dht}";
    }

    private static bool IsAtLimit(TorrentRateLimit limit, RateMeter meter) => limit.BytesPerSecond > 0 && meter.BytesPerSecond >= limit.BytesPerSecond * 8 / 10;

    private static string Count(int count, string what) => string.Create(CultureInfo.InvariantCulture, $"{count} {what}{(count == 1 ? "" : "s")}");

    private static string Rate(long bytesPerSecond) => bytesPerSecond >= 1_000_000
        ? string.Create(CultureInfo.InvariantCulture, $"{bytesPerSecond / 1e6:0.#} MB/s")
        : string.Create(CultureInfo.InvariantCulture, $"{bytesPerSecond / 1e3:0.#} kB/s");
}
