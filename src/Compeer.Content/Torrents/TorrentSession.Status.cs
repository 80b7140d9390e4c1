namespace Compeer.Content.Torrents;

// What is seen from outside.
internal sealed partial class TorrentSession
{
    private void PublishStatus()
    {
        if (_isWaking)
            return;
        if (Status.Phase != Phase)
            _why = Why();
        TorrentStatus next = IsAsleep ? DescribeAsleep() : DescribeAwake();
        if (next == Status)
            return;
        Status = next;
        StatusChanged?.Invoke(this);
    }

    private TorrentStatus DescribeAwake() => new()
    {
        Phase = Phase,
        Metainfo = Metainfo,
        Name = Metainfo?.Name,
        PieceCount = Metainfo?.PieceCount ?? 0,
        FileCount = _fileCount,
        WantedBytes = Content.WantedBytes,
        VerifiedBytes = Content.VerifiedBytes,
        VerifiedPieces = Content.VerifiedPieces,
        RehashedBytes = Content.RehashedBytes + (_atSleep?.RehashedBytes ?? 0),
        CorruptBytes = Downloads.CorruptBytes + (_atSleep?.CorruptBytes ?? 0),
        DownloadedBytes = Down.Total,
        UploadedBytes = Up.Total,
        DownRate = Down.BytesPerSecond,
        UpRate = Up.BytesPerSecond,
        Peers = Links.Count,
        Seeds = Links.Values.Count(l => l.Wire.RemotePieces?.IsComplete == true),
        KnownPeers = Peers.KnownPeers,
        PeersExplained = Discovery.Explained,
        TrackerMessage = Announces.Message,
        WebSeeds = WebSeeds.Count,
        WebSeedBytes = WebSeeds.Bytes + (_atSleep?.WebSeedBytes ?? 0),
        WebSeedMessage = WebSeeds.Message,
        Problem = Problem,
        Why = _why,
    };

    private TorrentStatus DescribeAsleep() => _atSleep! with
    {
        IsAsleep = !IsHalted,
        Phase = Phase,
        Metainfo = null,
        DownRate = Down.BytesPerSecond,
        UpRate = Up.BytesPerSecond,
        Peers = 0,
        Seeds = 0,
        KnownPeers = Peers.KnownPeers,
        TrackerMessage = Announces.Message,
        Problem = Problem,
        Why = _why,
    };
}
