namespace Compeer.InteropTests.Lab;

/// <summary>The same two jobs for each client.</summary>
public static class ForeignPeers
{
    public const int Port = 6881;

    /// <summary>Seeds content; returns when the client serves it. Clients that do not know pad files find them in a copy.</summary>
    public static async Task SeedAsync(this ForeignClient client, LabHost host, TorrentFacts torrent, TestContent content)
    {
        if (client == ForeignClient.Libtorrent)
        {
            await LibtorrentPeer.SeedAsync(host, torrent.Path, content.Parent);
            return;
        }
        string directory = host.Network.NewDirectory($"seed{host.Network.NextNumber()}");
        content.CopyTo(directory);
        torrent.WritePadsUnder(directory);
        if (client == ForeignClient.Aria2)
        {
            await AriaPeer.SeedAsync(host, torrent.Path, directory, Port);
            return;
        }
        TransmissionPeer daemon = await TransmissionPeer.StartAsync(host, directory, Port);
        await daemon.AddAsync(torrent.Path);
        await daemon.WaitUntilSeedingAsync(TimeSpan.FromSeconds(60));
    }

    /// <summary>
    /// Downloads a torrent and checks every byte. libtorrent dials <paramref name="seed"/>; the others must find it
    /// through the torrent's tracker.
    /// </summary>
    public static async Task LeechAsync(this ForeignClient client, LabHost host, TorrentFacts torrent, TestContent content, string seed, TimeSpan timeout)
    {
        string directory = host.Network.NewDirectory($"leech{host.Network.NextNumber()}");
        switch (client)
        {
            case ForeignClient.Libtorrent:
                LibtorrentPeer leecher = await LibtorrentPeer.LeechAsync(host, torrent.Path, directory, new() { Connect = [seed] });
                Assert.Contains(await leecher.CompleteAsync(timeout), name => name.Contains("Compeer", StringComparison.OrdinalIgnoreCase));
                break;
            case ForeignClient.Aria2:
                await AriaPeer.Leech(host, torrent.Path, directory, Port).WaitForSuccessAsync(timeout);
                break;
            case ForeignClient.Transmission:
                TransmissionPeer daemon = await TransmissionPeer.StartAsync(host, directory, Port);
                await daemon.AddAsync(torrent.Path);
                await daemon.WaitUntilSeedingAsync(timeout);
                break;
        }
        content.AssertIsIn(directory, client == ForeignClient.Libtorrent ? null : TorrentFacts.IsPadOrControlFile, emptyFilesMayLack: client == ForeignClient.Transmission);
    }
}
