namespace Compeer.Content.Torrents;

/// <summary>How a torrent ends: goodbyes, then everything it owns, from the sockets to the disk.</summary>
internal sealed partial class TorrentSession
{
    private async Task EndAsync()
    {
        _ending = true;
        Task goodbye = Announces.StopAsync();
        foreach (PeerLink link in Links.Values)
            link.Connection.Close("the torrent was stopped");
        foreach (PeerLink link in Links.Values)
            await link.Connection.DisposeAsync();
        await Task.WhenAny(goodbye, Task.Delay(TimeSpan.FromMilliseconds(700)));
        await _scope.DisposeAsync();
        WebSeeds.Dispose();
        while (_inputs.Reader.TryRead(out TorrentInput? input))
        {
            if (input is PeerArrived late)
                late.Stream.Dispose();
        }
        await Content.DisposeAsync();
        Folder.Dispose();
        if (Phase != TorrentPhase.Failed)
            SetPhase(TorrentPhase.Stopped);
        PublishStatus();
        _completed.TrySetCanceled();
        _metainfoKnown.TrySetCanceled();
        _events.Writer.TryComplete();
        Ended?.Invoke(this);
    }
}
