using Compeer.Content.Torrents;
using Compeer.Network.Connections;
using Compeer.Network.Transports;

namespace Compeer.Tests.Sessions;

/// <summary>Which way a torrent takes between two clients.</summary>
public sealed class PathTests
{
    [Theory]
    [InlineData(PeerTransports.Utp, PeerTransports.Utp, PeerPath.Utp)]
    [InlineData(PeerTransports.Utp, PeerTransports.Both, PeerPath.Utp)]
    [InlineData(PeerTransports.Both, PeerTransports.Utp, PeerPath.Utp)]
    [InlineData(PeerTransports.Both, PeerTransports.Both, PeerPath.Tcp)]
    [InlineData(PeerTransports.Tcp, PeerTransports.Both, PeerPath.Tcp)]
    public async Task A_torrent_takes_a_way_that_both_allow(PeerTransports seeding, PeerTransports getting, PeerPath path)
    {
        await using var swarm = new TestSwarm();
        string source = swarm.Folder.Write("source/file", 3_000_000);
        var metainfo = await TestSwarm.CreateAsync(source);
        TorrentClient seed = swarm.Start("seed", o => o with { Transports = seeding }), get = swarm.Start("get", o => o with { Transports = getting });
        TestSwarm.Add(seed, metainfo, swarm.Folder["source"]);
        Torrent torrent = TestSwarm.Add(get, metainfo, swarm.Folder["got"], seed);
        await TestSwarm.UntilCompleteAsync(torrent);
        Assert.Equal(File.ReadAllBytes(source), File.ReadAllBytes(swarm.Folder["got/file"]));
        var paths = new List<PeerPath>();
        while (torrent.Events.TryRead(out TorrentEvent? happened))
        {
            if (happened is PeerConnected connected)
                paths.Add(connected.Way.Path);
        }
        Assert.Equal(path, Assert.Single(paths.Distinct()));
    }
}
