using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>The suite that js-libp2p runs against other implementations, with lab/p2pd in the place of the Go daemon. What is left out and why: docs/libp2p.md.</summary>
public sealed class LibP2pSuiteTests
{
    [ForeignTheory(Needs.NodePackages)]
    [InlineData("connection\\.tcp", 3)]
    [InlineData("(ed25519/noise|rsa/tls|secp256k1/noise)/yamux.*(js sender to go|go sender to js)", 6)]
    [InlineData("(floodSub|contentFetching) (js peer to go|go peer to js)|js to js over relay go connects|go to go over relay js connects", 6)]
    public Task Of_each_group_some_tests_pass(string tests, int count) => RunAsync(tests, count);

    [NightlyForeignFact(Needs.NodePackages)]
    public Task All_tests_pass() => RunAsync("connection\\.tcp|echo|floodSub|relay|dht", 3 + 36 + 4 + 16 + 11);

    private static async Task RunAsync(string tests, int count)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost host = await network.AddHostAsync();
        string[] arguments = [LabFiles.Peer("js/libp2p_interop.mjs"), Path.Combine(LabFiles.Repository, "lab", "p2pd"), "--grep", tests, "--seconds", "550"];
        var suite = new JsonProcess(host, Prerequisites.PathOf("node"), arguments);
        JsonEvent done = await suite.WaitForAsync("done", TimeSpan.FromSeconds(600));
        Assert.Empty(suite.Events.Where(e => e.Name == "fail").Select(e => $"{e.Text("title")}: {e.Text("message")}"));
        Assert.Equal((count, 0), (done.Number("passed"), done.Number("skipped")));
    }
}
