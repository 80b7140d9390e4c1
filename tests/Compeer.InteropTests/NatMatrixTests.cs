using System.Globalization;
using Compeer.InteropTests.Lab;
using Xunit.Abstractions;

namespace Compeer.InteropTests;

/// <summary>
/// Two homes behind real NATs and one public peer that both can dial: the sharer and the getter find each other through a
/// tracker and connect directly wherever that is possible at all. The routers' counters prove it.
/// </summary>
public sealed class NatMatrixTests(TestContents contents, ITestOutputHelper output) : IClassFixture<TestContents>
{
    private const int Port = 7001;

    /// <summary>What it costs to have a port at a relay, and to try it once when the other way is found at the same time.</summary>
    private const int MaxIdleRelayBytes = 32 << 10;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [ForeignTheory(Needs.Masquerade | Needs.Libtorrent)]
    [InlineData(NatKind.Open, NatKind.Open, "tcp")]
    [InlineData(NatKind.Open, NatKind.PortKeeping, "tcp")]
    [InlineData(NatKind.Open, NatKind.FullyRandom, "tcp")]
    [InlineData(NatKind.PortKeeping, NatKind.Open, "tcp")]
    [InlineData(NatKind.FullyRandom, NatKind.Open, "tcp")]
    [InlineData(NatKind.PortKeeping, NatKind.PortKeeping, "tcp")]
    [InlineData(NatKind.Open, NatKind.FullyRandom, "utp")]
    [InlineData(NatKind.FullyRandom, NatKind.Open, "utp")]
    [InlineData(NatKind.PortKeeping, NatKind.PortKeeping, "utp")]
    [InlineData(NatKind.PortChanging, NatKind.PortChanging, "utp")]
    public async Task Homes_connect_directly_where_theory_allows(NatKind shareKind, NatKind getKind, string carrier)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        NatPair pair = await NatPair.StartAsync(
            network, contents.Mebibytes(32), shareKind, getKind, new() { TcpOnly = carrier == "tcp", UtpOnly = carrier == "utp" });

        await AssertMeetDirectlyAsync(pair, shareKind, getKind, way => AssertMet(way, shareKind, getKind, carrier));
    }

    [ForeignTheory(Needs.Masquerade | Needs.Coturn)]
    [InlineData(NatKind.Open, NatKind.Open)]
    [InlineData(NatKind.Open, NatKind.PortKeeping)]
    [InlineData(NatKind.Open, NatKind.FullyRandom)]
    [InlineData(NatKind.PortKeeping, NatKind.Open)]
    [InlineData(NatKind.FullyRandom, NatKind.Open)]
    [InlineData(NatKind.PortKeeping, NatKind.PortKeeping)]
    public async Task A_relay_is_not_used_where_a_direct_way_leads(NatKind shareKind, NatKind getKind)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        NatPair pair = await NatPair.StartAsync(network, contents.Mebibytes(32), shareKind, getKind, new() { Relay = RelayKind.Coturn });

        // TCP and uTP are raced: which of them is first is not the point here.
        await AssertMeetDirectlyAsync(pair, shareKind, getKind, way => Assert.NotEqual("relayed", way));
    }

    [ForeignTheory(Needs.Masquerade | Needs.Coturn)]
    [InlineData(NatKind.PortKeeping, NatKind.FullyRandom, RelayKind.Coturn, true, false)]
    [InlineData(NatKind.PortKeeping, NatKind.FullyRandom, RelayKind.Coturn, false, true)]
    [InlineData(NatKind.FullyRandom, NatKind.PortKeeping, RelayKind.Coturn, true, false)]
    [InlineData(NatKind.FullyRandom, NatKind.PortKeeping, RelayKind.Compeer, false, true)]
    [InlineData(NatKind.FullyRandom, NatKind.FullyRandom, RelayKind.Coturn, true, false)]
    [InlineData(NatKind.FullyRandom, NatKind.FullyRandom, RelayKind.Coturn, false, true)]
    [InlineData(NatKind.FullyRandom, NatKind.FullyRandom, RelayKind.Coturn, true, true)]
    [InlineData(NatKind.FullyRandom, NatKind.FullyRandom, RelayKind.Compeer, true, true)]
    public async Task Homes_connect_through_a_relay_where_no_direct_way_leads(NatKind shareKind, NatKind getKind, RelayKind relay, bool sharerRelays, bool getterRelays)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        NatPair pair = await NatPair.StartAsync(
            network, contents.Mebibytes(32), shareKind, getKind, new() { Relay = relay, SharerRelays = sharerRelays, GetterRelays = getterRelays });

        JsonEvent connected = await pair.Get.WaitForAsync(e => CompeerProcess.IsConnected(e) && e.Text("path") == "relayed", "a connection through the relay", Limit);
        await pair.Get.WaitForSuccessAsync(Limit);

        pair.AssertContent();
        await pair.Share.WaitForAsync(e => CompeerProcess.IsConnected(e) && e.Text("path") == "relayed", "the relayed connection from the other side", Limit);
        await AssertRelayedAsync(pair);
        Report(shareKind.ToString(), getKind.ToString(), $"relayed by {relay} for {(sharerRelays, getterRelays) switch { (true, true) => "both", (true, false) => "the sharer", _ => "the getter" }}", connected.At - pair.GetStarted);
    }

    [ForeignTheory(Needs.Masquerade | Needs.Coturn)]
    [InlineData(NatKind.PortKeeping, "punched-utp")]
    [InlineData(NatKind.FullyRandom, "relayed")]
    public async Task Homes_that_require_encryption_meet_too_and_are_encrypted(NatKind kind, string way)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        NatPair pair = await NatPair.StartAsync(network, contents.Mebibytes(32), kind, kind, new() { Encryption = "require", Relay = kind == NatKind.FullyRandom ? RelayKind.Coturn : RelayKind.None });

        await pair.Get.WaitForSuccessAsync(Limit);

        pair.AssertContent();
        JsonEvent[] connected = [.. pair.Get.Events.Where(CompeerProcess.IsConnected)];
        Assert.All(connected, e => Assert.True(e.Flag("encrypted"), e.ToString()));
        Assert.Contains(connected, e => way.EndsWith(e.Text("path"), StringComparison.Ordinal));
        if (kind == NatKind.PortKeeping)
            await AssertDirectAsync(pair);
        else
            await AssertRelayedAsync(pair);
    }

    [ForeignFact(Needs.Masquerade | Needs.Libtorrent)]
    public async Task Libtorrent_introduces_two_homes_of_ours()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        NatPair pair = await NatPair.StartAsync(network, contents.Mebibytes(32), NatKind.PortKeeping, NatKind.PortKeeping, new() { UtpOnly = true, LibtorrentIntroduces = true });

        JsonEvent connected = await pair.Get.WaitForAsync(pair.IsSharer, "a connection to the sharer", Limit);
        await pair.Get.WaitForSuccessAsync(Limit);

        pair.AssertContent();
        AssertMetByUtp(connected.Text("path"));
        await AssertDirectAsync(pair);
        Report("PortKeeping", "PortKeeping", connected.Text("path") + ", libtorrent introduces", connected.At - pair.GetStarted);
    }

    [ForeignFact(Needs.Masquerade | Needs.Libtorrent)]
    public async Task A_home_of_ours_punches_through_to_libtorrent_in_another()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        NatPair pair = await NatPair.StartAsync(network, contents.Mebibytes(32), NatKind.PortKeeping, NatKind.PortKeeping, new() { UtpOnly = true, LibtorrentShares = true });

        JsonEvent connected = await pair.Get.WaitForAsync(pair.IsSharer, "a connection to the sharer", Limit);
        await pair.Get.WaitForSuccessAsync(Limit);

        pair.AssertContent();
        AssertMetByUtp(connected.Text("path"));
        await AssertDirectAsync(pair);
        Report("PortKeeping (libtorrent)", "PortKeeping", connected.Text("path"), connected.At - pair.GetStarted);
    }

    [ForeignFact(Needs.Masquerade | Needs.Libtorrent)]
    public async Task Libtorrent_in_one_home_asks_ours_to_introduce_it_to_another()
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        NatPair pair = await NatPair.StartAsync(network, contents.Mebibytes(32), NatKind.PortKeeping, NatKind.PortKeeping, new() { UtpOnly = true, LibtorrentGets = true });

        JsonEvent connected = await pair.Share.WaitForAsync(pair.IsGetter, "a connection to the getter", Limit);
        await pair.Get.WaitForAsync("complete", Limit);

        pair.AssertContent();
        AssertMetByUtp(connected.Text("path"));
        await AssertDirectAsync(pair);
        Report("PortKeeping", "PortKeeping (libtorrent)", connected.Text("path"), connected.At - pair.GetStarted);
    }

    private async Task AssertMeetDirectlyAsync(NatPair pair, NatKind shareKind, NatKind getKind, Action<string> assertWay)
    {
        JsonEvent connected = await pair.Get.WaitForAsync(pair.IsSharer, "a connection to the sharer", Limit);
        await pair.Get.WaitForSuccessAsync(Limit);

        pair.AssertContent();
        string way = connected.Text("path");
        assertWay(way);
        await AssertDirectAsync(pair);
        Report(shareKind.ToString(), getKind.ToString(), pair.Relay is null ? way : way + ", a relay at hand", connected.At - pair.GetStarted);
    }

    /// <summary>
    /// The public peer tells a sharer who cannot be dialled to dial the getter. Where that is enough, the sharer may have heard
    /// of the getter and dialled by itself before; TCP through two NATs needs both at the same moment, which nobody does by himself.
    /// </summary>
    private static void AssertMet(string way, NatKind shareKind, NatKind getKind, string carrier)
    {
        if (shareKind == NatKind.Open)
            Assert.Equal(carrier, way);
        else if (getKind != NatKind.Open && carrier == "tcp")
            Assert.Equal("punched-tcp", way);
        else
            Assert.Contains(way, (string[])[carrier, "punched-" + carrier]);
    }

    private static void AssertMetByUtp(string way) => AssertMet(way, NatKind.PortKeeping, NatKind.PortKeeping, "utp");

    /// <summary>Every byte that the two exchanged went through the relay: the routers saw none between their homes.</summary>
    private static async Task AssertRelayedAsync(NatPair pair)
    {
        RouterTraffic relayed = await pair.GetRouter.TrafficWithAsync(pair.Relay!.Host.Address);
        Assert.True(relayed.Received > pair.Content.LengthBytes * 9 / 10, $"{relayed} of {pair.Content.LengthBytes} bytes came from the relay");
        RouterTraffic atSharer = await pair.ShareRouter.TrafficWithAsync(pair.Relay.Host.Address);
        Assert.True(atSharer.Sent > pair.Content.LengthBytes * 9 / 10, $"{atSharer} of {pair.Content.LengthBytes} bytes went to the relay");
        RouterTraffic direct = await pair.GetRouter.TrafficWithAsync(pair.ShareHost.PublicAddress);
        Assert.Equal(0, direct.Received);
        Assert.True(pair.Relay.Host.SentBytes > pair.Content.LengthBytes, "the relay sent less than the content");
    }

    private static async Task AssertDirectAsync(NatPair pair)
    {
        if (pair.Relay is { } relay)
            Assert.True(relay.Host.SentBytes < MaxIdleRelayBytes, $"the relay sent {relay.Host.SentBytes} bytes");
        RouterTraffic traffic = await pair.GetRouter.TrafficWithAsync(pair.ShareHost.PublicAddress);
        Assert.True(traffic.Received > pair.Content.LengthBytes * 9 / 10, $"{traffic} of {pair.Content.LengthBytes} bytes came directly");
        RouterTraffic atSharer = await pair.ShareRouter.TrafficWithAsync(pair.GetHost.PublicAddress);
        Assert.True(atSharer.Sent > pair.Content.LengthBytes * 9 / 10, $"{atSharer} of {pair.Content.LengthBytes} bytes went directly");
    }

    private void Report(string share, string get, string way, TimeSpan time)
    {
        string row = string.Create(CultureInfo.InvariantCulture, $"| {share} | {get} | {way} | {time.TotalSeconds:0.0} s |");
        output.WriteLine(row);
        string artifacts = Directory.CreateDirectory(Path.Combine(LabFiles.Repository, "artifacts")).FullName;
        File.AppendAllText(Path.Combine(artifacts, "nat-matrix.md"), row + Environment.NewLine);
    }
}
