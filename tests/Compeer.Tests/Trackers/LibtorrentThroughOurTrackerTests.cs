using System.Diagnostics;
using System.Net;
using Compeer.Network.Trackers;

namespace Compeer.Tests.Trackers;

/// <summary>Two libtorrent sessions that know nothing of each other trade a torrent because our tracker introduced them.</summary>
public sealed class LibtorrentThroughOurTrackerTests
{
    private const string Python = "/usr/bin/python3";

    /// <summary>
    /// Seeds and leeches on 127.0.0.1 with every way of finding peers switched off but the tracker. One address, since libtorrent
    /// shares UDP connection ids among the sessions of a process, whatever their addresses.
    /// </summary>
    private const string Script = """
        import os, sys, time
        import libtorrent as lt
        url, folder, form = sys.argv[1:4]
        os.makedirs(folder + '/seed'); os.makedirs(folder + '/leech')
        data = os.urandom(2_000_000)
        open(folder + '/seed/data', 'wb').write(data)
        files = lt.file_storage()
        lt.add_files(files, folder + '/seed/data')
        made = lt.create_torrent(files, 16384, {'v1': lt.create_torrent.v1_only, 'v2': lt.create_torrent.v2_only, 'hybrid': 0}[form])
        made.add_tracker(url)
        lt.set_piece_hashes(made, folder + '/seed')
        torrent = lt.bencode(made.generate())
        def session(where):
            s = lt.session({'listen_interfaces': '127.0.0.1:0', 'outgoing_interfaces': '127.0.0.1',
                'enable_dht': False, 'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False, 'allow_multiple_connections_per_ip': True,
                'alert_mask': lt.alert.category_t.tracker_notification | lt.alert.category_t.error_notification})
            return s, s.add_torrent({'ti': lt.torrent_info(lt.bdecode(torrent)), 'save_path': folder + '/' + where})
        def say(*sessions):
            for s in sessions:
                for a in s.pop_alerts():
                    print(type(a).__name__, a.message(), flush=True)
        end = time.time() + 40
        one, seed = session('seed')
        while time.time() < end and not (seed.status().is_seeding and any(e['verified'] for e in seed.trackers())):
            say(one); time.sleep(0.1)
        two, leech = session('leech')
        while time.time() < end and not leech.status().is_seeding:
            say(one, two); time.sleep(0.1)
        say(one, two)
        ok = leech.status().is_seeding and open(folder + '/leech/data', 'rb').read() == data
        print('complete' if ok else 'NOT complete', leech.status().total_payload_download, flush=True)
        del seed, leech, one, two
        sys.exit(0 if ok else 1)
        """;

    [Theory]
    [InlineData("http", "v1")]
    [InlineData("udp", "v1")]
    [InlineData("http", "hybrid")]
    [InlineData("udp", "v2")]
    public async Task Libtorrent_finds_libtorrent(string scheme, string format)
    {
        if (!LoopbackProcess.IsPresent("libtorrent for Python", HasLibtorrent()))
            return;
        await using TrackerServer server = await TrackerServer.StartAsync(
            new TrackerServerOptions { Http = [new IPEndPoint(IPAddress.Loopback, 0)], Udp = [new IPEndPoint(IPAddress.Loopback, 0)] }, CancellationToken.None);
        DirectoryInfo directory = Directory.CreateTempSubdirectory("compeer-libtorrent");
        try
        {
            IPEndPoint endPoint = scheme == "http" ? server.HttpEndPoints[0] : server.UdpEndPoints[0];
            await using var peers = new LoopbackProcess(Python, "-c", Script, $"{scheme}://{endPoint}/announce", directory.FullName, format);
            await peers.SucceedsAsync(TimeSpan.FromSeconds(60));
        }
        finally
        {
            directory.Delete(recursive: true);
        }
        TrackerServerStatus status = server.Status;
        Assert.True((scheme == "http" ? status.HttpAnnounces : status.UdpAnnounces) >= 2, status.ToString());
        Assert.Equal(0, scheme == "http" ? status.UdpAnnounces : status.HttpAnnounces);
        Assert.Equal(0, status.Rejected);
    }

    private static bool HasLibtorrent()
    {
        if (!File.Exists(Python))
            return false;
        using Process process = Process.Start(new ProcessStartInfo(Python, ["-c", "import libtorrent"]))!;
        return process.WaitForExit(TimeSpan.FromSeconds(20)) && process.ExitCode == 0;
    }
}
