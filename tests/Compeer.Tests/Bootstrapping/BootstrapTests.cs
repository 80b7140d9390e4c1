using Compeer.Formats.Multiformats;
using Compeer.Network.Bootstrapping;
using Compeer.Network.CircuitRelay;
using Compeer.Network.Hosting;

namespace Compeer.Tests.Bootstrapping;

public sealed class BootstrapTests
{
    private readonly CancellationToken _limit = new CancellationTokenSource(TimeSpan.FromSeconds(60)).Token;

    [Fact]
    public async Task Peers_of_the_last_run_are_dialled_before_entry_peers()
    {
        string folder = Directory.CreateTempSubdirectory("compeer-bootstrap").FullName;
        var options = new BootstrapOptions { CachePath = Path.Combine(folder, "peers"), Wanted = 1, FirstPause = TimeSpan.FromMilliseconds(50) };
        await using PeerHost entry = await StartAsync(), other = await StartAsync();
        Multiaddr known = other.Addresses[0].With(other.Id), dead = entry.Addresses[0].With(entry.Id);
        await using (PeerHost first = await StartAsync())
        {
            await using BootstrapService bootstrap = BootstrapService.Start(first, options with { Entries = [dead], Wanted = 2 });
            await UntilAsync(() => bootstrap.Cached.Count == 1);
            await first.ConnectAsync(known, _limit);
            await UntilAsync(() => bootstrap.Cached.Count == 2);
        }
        Assert.Equal(2, (await File.ReadAllLinesAsync(options.CachePath, _limit)).Length);
        Assert.Equal([options.CachePath], Directory.GetFiles(folder));

        // The entry peer is gone; the other one of the last run is found without it, and more than rubbish is read.
        await entry.DisposeAsync();
        await File.AppendAllTextAsync(options.CachePath, "rubbish\n/ip4/127.0.0.1/tcp/1\n", _limit);
        await using PeerHost second = await StartAsync();
        await using BootstrapService again = BootstrapService.Start(second, options with { Entries = [dead] });
        await UntilAsync(() => second.Connections.Any(c => c.RemotePeer == other.Id));

        // It comes back when its peers go.
        await second.Connections[0].CloseAsync();
        await UntilAsync(() => second.Connections.Any(c => c.RemotePeer == other.Id && c.IsOpen));
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task A_peer_behind_a_relay_is_not_remembered()
    {
        await using PeerHost relay = await StartAsync(), hidden = await PeerHost.StartAsync(new PeerHostOptions()), host = await StartAsync();
        await using CircuitRelayService service = CircuitRelayService.Start(relay, new CircuitRelayOptions { Serves = _ => true });
        await using RelayReservation place = await RelayReservation.ReserveAsync(hidden, relay.Addresses[0].With(relay.Id), _limit);
        await using BootstrapService bootstrap = BootstrapService.Start(host, new BootstrapOptions());
        HostConnection connection = await host.ConnectAsync(relay.Addresses[0].With(relay.Id).With(MultiaddrProtocol.Circuit).With(hidden.Id), _limit);
        Assert.Equal(ConnectionPath.Relayed, connection.Path);
        Assert.NotNull(await connection.Identified.WaitAsync(_limit));
        await UntilAsync(() => bootstrap.Cached.Count > 0);
        Assert.Equal(relay.Id, Assert.Single(bootstrap.Cached).PeerId);
    }

    [Fact]
    public async Task A_cache_that_is_too_long_or_an_entry_without_a_name_is_told()
    {
        string path = Path.Combine(Directory.CreateTempSubdirectory("compeer-bootstrap").FullName, "peers");
        await File.WriteAllBytesAsync(path, new byte[1 << 20], _limit);
        var notes = new List<string>();
        await using PeerHost host = await StartAsync();
        await using (BootstrapService bootstrap = BootstrapService.Start(host, new BootstrapOptions { CachePath = path, Note = notes.Add }))
            Assert.Empty(bootstrap.Cached);
        Assert.Contains(path, Assert.Single(notes), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => BootstrapService.Start(host, new BootstrapOptions { Entries = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/1")] }));
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }

    private static Task<PeerHost> StartAsync() => PeerHost.StartAsync(new PeerHostOptions { Listen = [Multiaddr.Parse("/ip4/127.0.0.1/tcp/0")] });

    private async Task UntilAsync(Func<bool> condition)
    {
        while (!condition())
            await Task.Delay(10, _limit);
    }
}
