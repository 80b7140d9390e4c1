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
        bool isAsBefore = next == Status;
        if (!isAsBefore)
            Status = next;
        // One object for both: of two that say the same the older one stays.
        if (IsAsleep)
            _atSleep = Status;
        if (isAsBefore)
            return;
        StatusChanged?.Invoke(this);
    }

    private TorrentStatus DescribeAwake() => new()
    {
        Phase = Phase,
        Metainfo = Metainfo,
        Name = Metainfo?.Name == Settings.Name ? Settings.Name : Metainfo?.Name,
        PieceCount = Metainfo?.PieceCount ?? 0,
        FileCount = _fileCount,
        WantedBytes = Content.WantedBytes,
        VerifiedBytes = Content.VerifiedBytes,
        VerifiedPieces = Content.VerifiedPieces,
        RehashedBytes = Content.RehashedBytes + (_atSleep?.RehashedBytes ?? 0),
        CorruptBytes = Downloads.CorruptBytes + (_atSleep?.CorruptBytes ?? 0),
        DownloadedBytes = DownTotal,
        UploadedBytes = UpTotal,
        DownRate = _down?.BytesPerSecond ?? 0,
        UpRate = _up?.BytesPerSecond ?? 0,
        Peers = Links.Count,
        Seeds = Links.Values.Count(l => l.Wire.RemotePieces?.IsComplete == true),
        KnownPeers = KnownPeers,
        PeersExplained = Discovery.Explained,
        TrackerMessage = _announces?.Message,
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
        DownRate = _down?.BytesPerSecond ?? 0,
        UpRate = _up?.BytesPerSecond ?? 0,
        Peers = 0,
        Seeds = 0,
        KnownPeers = KnownPeers,
        TrackerMessage = _announces?.Message,
        Problem = Problem,
        Why = _why,
    };
}
