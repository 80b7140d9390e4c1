using System.Net;
using System.Security.Cryptography;
using Compeer.Formats.Hashing;
using Compeer.Network.LocalDiscovery;
using Compeer.Protocols.LocalDiscovery;

namespace Compeer.Tests.LocalDiscovery;

/// <summary>Real multicast, on loopback only.</summary>
public sealed class LocalDiscoveryDriverTests
{
    [Fact]
    public async Task Two_nodes_on_one_machine_find_each_other()
    {
        var hash = new Sha1Hash(RandomNumberGenerator.GetBytes(20));
        var heard = new TaskCompletionSource<LocalPeer>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using LocalDiscoveryDriver listener = LocalDiscoveryDriver.Start(new LocalDiscoveryOptions(), 1111, IPAddress.Loopback, peer => heard.TrySetResult(peer));
        listener.Add(hash);
        await UntilOpenAsync(listener);
        await using LocalDiscoveryDriver other = LocalDiscoveryDriver.Start(new LocalDiscoveryOptions(), 2222, IPAddress.Loopback, _ => { });
        other.Add(hash);
        LocalPeer found = await heard.Task.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(new LocalPeer(hash, new IPEndPoint(IPAddress.Loopback, 2222)), found);
        Assert.Equal(1, listener.Ports);
    }

    private static async Task UntilOpenAsync(LocalDiscoveryDriver driver)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (driver.Ports == 0)
            await Task.Delay(20, limit.Token);
    }
}
