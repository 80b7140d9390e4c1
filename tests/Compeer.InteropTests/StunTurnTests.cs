using System.Globalization;
using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>Our STUN and TURN client at coturn, coturn's clients at our server, and ours at ours.</summary>
public sealed class StunTurnTests
{
    private const int Port = 3490;
    private const int LocalPort = 40_123;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static string LocalPortText => LocalPort.ToString(CultureInfo.InvariantCulture);

    [ForeignFact(Needs.Coturn)]
    public async Task Our_client_learns_address_mapping_and_filtering_from_coturn_with_two_addresses()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost server = await network.AddHostAsync(), client = await network.AddHostAsync();
        await Coturn.StartAsync(server, hasSecondAddress: true);

        JsonEvent found = await CheckAsync(client, [$"stun:{server.At(Coturn.Port)}"], "--port", LocalPortText);

        Assert.Contains(client.At(LocalPort), found.ToString(), StringComparison.Ordinal);
        Assert.Equal(("noNat", "endpointIndependent"), (found.Text("mapping"), found.Text("filtering")));
    }

    [ForeignFact(Needs.Coturn)]
    public async Task Our_client_tells_the_mapping_from_two_servers_with_one_address_each()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost first = await network.AddHostAsync(), second = await network.AddHostAsync(), client = await network.AddHostAsync();
        await Coturn.StartAsync(first);
        await CompeerProcess.RelayAsync(second, Port);

        JsonEvent found = await CheckAsync(client, [$"stun:{first.At(Coturn.Port)}", $"stun:{second.At(Port)}"], "--port", LocalPortText);

        Assert.Equal(("noNat", "unknown"), (found.Text("mapping"), found.Text("filtering")));
    }

    [ForeignTheory(Needs.Coturn | Needs.Masquerade)]
    [InlineData("masquerade", "endpointIndependent", true)]
    [InlineData("masquerade fully-random", "addressAndPortDependent", false)]
    public async Task Our_client_tells_what_kind_of_NAT_it_is_behind(string rule, string mapping, bool keepsPort)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost server = await network.AddHostAsync(), router = await network.AddHostAsync(), inside = await network.AddHostAsync();
        await Coturn.StartAsync(server, hasSecondAddress: true);
        const string Inside = "192.168.77.2", Gateway = "192.168.77.1";
        string rules = Path.Combine(network.Work, "nat.nft");
        await File.WriteAllTextAsync(rules, $"table ip lab {{\n chain post {{\n type nat hook postrouting priority 100;\n ip saddr {Inside} {rule}\n }}\n}}\n");
        await DoAsync(router, "ip", "addr", "add", Gateway + "/24", "dev", "e0");
        await DoAsync(router, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.conf.e0.send_redirects=0", "net.ipv4.conf.all.send_redirects=0");
        await DoAsync(router, "nft", "-f", rules);
        await DoAsync(inside, "ip", "addr", "flush", "dev", "e0");
        await DoAsync(inside, "ip", "addr", "add", Inside + "/24", "dev", "e0");
        await DoAsync(inside, "ip", "route", "add", "default", "via", Gateway);

        JsonEvent found = await CheckAsync(inside with { Address = Inside }, [$"stun:{server.At(Coturn.Port)}"], "--port", LocalPortText);

        Assert.Equal((mapping, "addressAndPortDependent"), (found.Text("mapping"), found.Text("filtering")));
        Assert.Contains($"{router.Address}:", found.ToString(), StringComparison.Ordinal);
        Assert.Equal(keepsPort, found.Values.GetProperty("keepsPort").GetBoolean());
    }

    [ForeignFact(Needs.Coturn)]
    public async Task Our_client_relays_through_coturn_to_another_host_and_back()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost server = await network.AddHostAsync(), client = await network.AddHostAsync(), peer = await network.AddHostAsync();
        await Coturn.StartAsync(server);
        Coturn.EchoOn(peer);

        JsonEvent found = await CheckAsync(client, [$"turn:ann:secret@{server.At(Coturn.Port)}"], "--echo", Coturn.EchoAt(peer), "--seconds", "20");

        AssertEchoed(found);
        // The peer's bytes came from the relay: it has sent at least what the client got.
        Assert.True(server.SentBytes > 2 * found.Bytes("receivedBytes"));
    }

    [ForeignFact(Needs.Coturn)]
    public async Task Coturn_refuses_a_wrong_password_and_more_than_the_quota()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost server = await network.AddHostAsync(), first = await network.AddHostAsync(), second = await network.AddHostAsync();
        await Coturn.StartAsync(server, quota: 1);
        await AssertRefusedAsync(second, $"turn:ann:guess@{server.At(Coturn.Port)}", "Unauthorized");

        CompeerProcess holder = CompeerProcess.RelayCheck(first, [$"turn:ann:secret@{server.At(Coturn.Port)}"], "--echo", Coturn.EchoAt(second), "--seconds", "60");
        await holder.WaitForAsync("allocated", Limit);
        await AssertRefusedAsync(second, $"turn:ann:secret@{server.At(Coturn.Port)}", "QuotaReached");
    }

    [ForeignTheory(Needs.Coturn)]
    [InlineData("channels to a peer")]
    [InlineData("indications to a peer", "-s")]
    [InlineData("two clients of the relay", "-y")]
    [InlineData("two clients of the relay by indications", "-y", "-s")]
    public async Task Coturns_client_relays_through_our_server(string way, params string[] options)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost server = await network.AddHostAsync(), client = await network.AddHostAsync(), peer = await network.AddHostAsync();
        CompeerProcess relay = await CompeerProcess.RelayAsync(server, Port);
        Coturn.EchoOn(peer);

        string said = await Coturn.ClientAsync(client, server, Port, "secret", ["-c", "-n", "20", "-l", "500", .. options, "-e", peer.Address, "-r", Coturn.EchoAt(peer).Split(':')[1]]);

        Assert.True(said.Contains("Total lost packets 0 ", StringComparison.Ordinal), $"{way}: {said}");
        JsonEvent sum = await StopAsync(relay);
        Assert.True(sum.Bytes("bytes") >= 20 * 500, $"{way}: {sum}");
    }

    [ForeignFact(Needs.Coturn)]
    public async Task A_stock_STUN_client_learns_its_address_from_our_server()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost server = await network.AddHostAsync(), client = await network.AddHostAsync();
        CompeerProcess relay = await CompeerProcess.RelayAsync(server, Port);

        string said = await Coturn.StunClientAsync(client, server, Port);

        Assert.Contains($"UDP reflexive addr: {client.Address}:", said, StringComparison.Ordinal);
        Assert.True((await StopAsync(relay)).Number("bindings") > 0);
    }

    [ForeignTheory(Needs.Coturn)]
    [InlineData(8, "guess", "Cannot complete Allocation", "-y")]
    [InlineData(8, "secret", "403 (Forbidden)", "-e", "127.0.0.1")]
    [InlineData(1, "secret", "486 (Allocation Quota Reached)", "-y")]
    public async Task Our_server_refuses_coturns_client_what_it_may_not(int quota, string password, string answer, params string[] options)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost server = await network.AddHostAsync(), client = await network.AddHostAsync();
        CompeerProcess relay = await CompeerProcess.RelayAsync(server, Port, quota);

        string said = await Coturn.ClientAsync(client, server, Port, password, ["-c", .. options]);

        Assert.Contains(answer, said, StringComparison.Ordinal);
        Assert.Equal(0, (await StopAsync(relay)).Bytes("bytes"));
    }

    [ForeignFact(Needs.Coturn)]
    public async Task Our_client_relays_through_our_server_and_gives_the_port_back()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost server = await network.AddHostAsync(), client = await network.AddHostAsync(), peer = await network.AddHostAsync();
        CompeerProcess relay = await CompeerProcess.RelayAsync(server, Port, quota: 1);
        Coturn.EchoOn(peer);

        for (int run = 0; run < 2; run++)
            AssertEchoed(await CheckAsync(client, [$"turn:ann:secret@{server.At(Port)}"], "--echo", Coturn.EchoAt(peer), "--seconds", "20"));
        await AssertRefusedAsync(client, $"turn:eve:secret@{server.At(Port)}", "Unauthorized");

        JsonEvent sum = await StopAsync(relay);
        Assert.Equal(0, sum.Number("allocations"));
        Assert.Equal(2 * 2 * 20_000, sum.Bytes("bytes"));
    }

    private static async Task<JsonEvent> CheckAsync(LabHost host, string[] servers, params string[] options)
    {
        CompeerProcess check = CompeerProcess.RelayCheck(host, servers, options);
        JsonEvent found = await check.WaitForAsync("checked", Limit);
        await check.WaitForSuccessAsync(Limit);
        return found;
    }

    private static async Task DoAsync(LabHost host, string program, params string[] arguments)
    {
        await using var process = new LabProcess(host, Prerequisites.PathOf(program), arguments);
        await process.WaitForSuccessAsync(TimeSpan.FromSeconds(10));
    }

    private static void AssertEchoed(JsonEvent found)
    {
        Assert.Equal(20, found.Number("echoes"));
        Assert.Equal((20_000, 20_000), (found.Bytes("sentBytes"), found.Bytes("receivedBytes")));
    }

    private static async Task AssertRefusedAsync(LabHost host, string server, string reason)
    {
        CompeerProcess check = CompeerProcess.RelayCheck(host, [server]);
        JsonEvent error = await check.WaitForAsync("error", Limit);
        Assert.Equal(reason, error.Text("reason"));
        Assert.Equal(4, await check.WaitForExitAsync(Limit));
    }

    private static async Task<JsonEvent> StopAsync(CompeerProcess relay)
    {
        relay.Send(Signal.Terminate);
        await relay.WaitForSuccessAsync(Limit);
        return relay.Last("relayed") ?? throw new LabException($"No sum: {relay.Said}");
    }
}
