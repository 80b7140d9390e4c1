using Compeer.Network.Stun;

namespace Compeer.Content.Torrents;

// What is seen from outside.
internal sealed partial class TorrentSession
{
    private void PublishStatus() => Status = new TorrentStatus
    {
        Phase = Phase,
        Metainfo = Metainfo,
        WantedBytes = Content.WantedBytes,
        VerifiedBytes = Content.VerifiedBytes,
        VerifiedPieces = Content.VerifiedPieces,
        RehashedBytes = Content.RehashedBytes,
        CorruptBytes = Downloads.CorruptBytes,
        DownloadedBytes = Down.Total,
        UploadedBytes = Up.Total,
        DownRate = Down.BytesPerSecond,
        UpRate = Up.BytesPerSecond,
        Peers = Links.Count,
        Seeds = Links.Values.Count(l => l.Wire.RemotePieces?.IsComplete == true),
        KnownPeers = Book.Count,
        PeersExplained = Discovery.Explained,
        TrackerMessage = Announces.Message,
        WebSeeds = WebSeeds.Count,
        WebSeedBytes = WebSeeds.Bytes,
        WebSeedMessage = WebSeeds.Message,
        PublicAddresses = Services.PublicAddresses?.Current ?? PublicAddresses.None,
        Problem = Problem,
        Relay = Services.Relay?.Status,
        RelayedBytes = Services.Relay is { } relay ? relay.SentBytes + relay.ReceivedBytes : 0,
        ProxyProblem = Services.Proxy?.Problem,
    };
}
