using System.Globalization;
using Compeer.InteropTests.Lab;
using Xunit.Abstractions;

namespace Compeer.InteropTests;

/// <summary>Transfers through a relay (TURN) when there is nobody else to help, when the relay fails, and how fast they are.</summary>
public sealed class RelayTests(TestContents contents, ITestOutputHelper output) : IClassFixture<TestContents>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan LongLimit = TimeSpan.FromSeconds(180);

    [ForeignTheory(Needs.Masquerade | Needs.Coturn)]
    [InlineData(RelayKind.Coturn)]
    [InlineData(RelayKind.Compeer)]
    public async Task Two_strict_homes_with_one_relay_need_nothing_but_the_link(RelayKind kind)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabRelay relay = await LabRelay.StartAsync(network, kind);
        LabHost sharer = await (await network.AddRouterAsync(NatKind.FullyRandom)).AddHostAsync();
        LabHost getter = await (await network.AddRouterAsync(NatKind.FullyRandom)).AddHostAsync();
        TestContent content = contents.Mebibytes(32);
        string got = network.NewDirectory("got");
        (CompeerProcess share, JsonEvent sharing) = await CompeerProcess.ShareAsync(sharer, content.Path, new() { Relay = relay.Address });
        Assert.Contains($"x.pe={relay.Host.Address}:", Uri.UnescapeDataString(sharing.Text("link")), StringComparison.Ordinal);
        DateTimeOffset started = DateTimeOffset.UtcNow;

        CompeerProcess get = CompeerProcess.Get(getter, sharing.Text("link"), got, new() { Relay = relay.Address });
        JsonEvent connected = await get.WaitForAsync(CompeerProcess.IsConnected, "a connection", Limit);
        await get.WaitForSuccessAsync(Limit);

        content.AssertIsIn(got);
        Assert.Equal("relayed", connected.Text("path"));
        Assert.Contains(share.Events, e => CompeerProcess.IsConnected(e) && e.Text("path") == "relayed");
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"connected after {(connected.At - started).TotalSeconds:0.0} s"));
    }

    [ForeignFact(Needs.Masquerade)]
    public async Task Passwords_in_the_environment_are_enough_and_in_no_list_of_processes()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabRelay relay = await LabRelay.StartAsync(network, RelayKind.Compeer);
        LabHost sharer = await (await network.AddRouterAsync(NatKind.FullyRandom)).AddHostAsync();
        LabHost getter = await (await network.AddRouterAsync(NatKind.FullyRandom)).AddHostAsync();
        string got = network.NewDirectory("got");
        CompeerOptions options = new() { Environment = new Dictionary<string, string> { ["COMPEER_RELAY"] = relay.Address.Replace("ann:secret", "bob:hidden", StringComparison.Ordinal) } };
        (_, JsonEvent sharing) = await CompeerProcess.ShareAsync(sharer, contents.Folder.Path, options);

        CompeerProcess get = CompeerProcess.Get(getter, sharing.Text("link"), got, options with { KeepSeeding = true });
        await get.WaitForAsync("complete", Limit);

        contents.Folder.AssertIsIn(got);
        Assert.Contains(get.Events, e => CompeerProcess.IsConnected(e) && e.Text("path") == "relayed");
        Assert.All(network.Processes, process => Assert.DoesNotContain("hidden", File.ReadAllText($"/proc/{process.Id}/cmdline"), StringComparison.Ordinal));
    }

    [ForeignFact(Needs.Coturn)]
    public async Task A_wrong_password_is_told_and_the_transfer_goes_on_without_the_relay()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost server = await network.AddHostAsync(), sharer = await network.AddHostAsync(), getter = await network.AddHostAsync();
        await Coturn.StartAsync(server);
        TestContent content = contents.Mebibytes(32);
        string got = network.NewDirectory("got"), wrong = $"turn:ann:guess@{server.At(Coturn.Port)}";
        (CompeerProcess share, JsonEvent sharing) = await CompeerProcess.ShareAsync(sharer, content.Path, new() { Relay = wrong });

        CompeerProcess get = CompeerProcess.Get(getter, sharing.Text("link"), got, new() { Relay = wrong });
        await get.WaitForSuccessAsync(Limit);

        content.AssertIsIn(got);
        JsonEvent told = await share.WaitForAsync("relay", Limit);
        Assert.Contains("does not accept the user 'ann' with this password", told.Text("problem"), StringComparison.Ordinal);
        Assert.DoesNotContain("guess", share.Said + get.Said, StringComparison.Ordinal);
    }

    [ForeignTheory(Needs.Masquerade | Needs.Coturn)]
    [InlineData(RelayKind.Coturn)]
    [InlineData(RelayKind.Compeer)]
    public async Task A_transfer_goes_on_after_its_relay_was_killed_and_started_again(RelayKind kind)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        NatPair pair = await NatPair.StartAsync(
            network, contents.Mebibytes(32), NatKind.FullyRandom, NatKind.FullyRandom, new() { Relay = kind, GetterRelays = false, GetterLimit = "2M" });
        await pair.Get.WaitForAsync(e => CompeerProcess.IsConnected(e) && e.Text("path") == "relayed", "a connection through the relay", Limit);
        await pair.Get.WaitForAsync(e => e.Name == "progress" && e.Bytes("verifiedBytes") > 4 << 20, "4 MiB", Limit);
        string before = pair.Share.Last("relay")!.Text("relayed");

        pair.Relay!.Process.Send(Signal.Kill);
        await pair.Relay.Process.WaitForExitAsync(Limit);
        await pair.Relay.RestartAsync();

        await pair.Share.WaitForAsync(e => e.Name == "relay" && e.Text("relayed") is { Length: > 0 } now && now != before, "a new port at the relay", LongLimit);
        await pair.Get.WaitForSuccessAsync(LongLimit);
        pair.AssertContent();
    }

    [ForeignFact(Needs.Masquerade | Needs.Coturn)]
    public async Task A_relay_that_dies_is_told_and_costs_direct_peers_nothing()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        NatPair pair = await NatPair.StartAsync(
            network, contents.Mebibytes(32), NatKind.PortKeeping, NatKind.PortKeeping, new() { Relay = RelayKind.Coturn, GetterLimit = "2M" });
        await pair.Get.WaitForAsync(pair.IsSharer, "a connection to the sharer", Limit);

        pair.Relay!.Process.Send(Signal.Kill);
        await pair.Get.WaitForSuccessAsync(Limit);

        pair.AssertContent();
        Assert.DoesNotContain(pair.Get.Events, e => CompeerProcess.IsConnected(e) && e.Text("path") == "relayed");
        JsonEvent told = await pair.Share.WaitForAsync(e => e.Name == "relay" && e.Text("problem").Length > 0, "that the relay is gone", LongLimit);
        Assert.Contains("does not answer", told.Text("problem"), StringComparison.Ordinal);
    }

    /// <summary>Prints rates side by side; asserts only that all of them end.</summary>
    [NightlyForeignFact(Needs.Masquerade | Needs.Coturn)]
    public async Task Rate_through_a_relay_beside_direct()
    {
        foreach ((string name, NatKind kind, RelayKind relay) in ((string, NatKind, RelayKind)[])
            [("direct, uTP", NatKind.PortKeeping, RelayKind.None), ("through coturn", NatKind.FullyRandom, RelayKind.Coturn), ("through compeer relay", NatKind.FullyRandom, RelayKind.Compeer)])
        {
            for (int round = 0; round < 2; round++)
            {
                await using LabNetwork network = await LabNetwork.CreateAsync();
                NatPair pair = await NatPair.StartAsync(network, contents.Mebibytes(256), kind, kind, new() { UtpOnly = true, Relay = relay, GetterRelays = false });
                JsonEvent connected = await pair.Get.WaitForAsync(
                    e => relay == RelayKind.None ? pair.IsSharer(e) : CompeerProcess.IsConnected(e) && e.Text("path") == "relayed", "a connection to the sharer", Limit);
                JsonEvent complete = await pair.Get.WaitForAsync("complete", LongLimit);
                double rate = pair.Content.LengthBytes / (complete.At - connected.At).TotalSeconds / 1e6;
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"| {name} | {rate:0.0} MB/s |"));
            }
        }
    }
}
