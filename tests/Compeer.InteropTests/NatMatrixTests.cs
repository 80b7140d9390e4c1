using System.Globalization;
using Compeer.InteropTests.Lab;
using Xunit.Abstractions;

namespace Compeer.InteropTests;

/// <summary>
/// Two homes behind real NATs and one public peer that both can dial: the sharer and the getter find each other through a
/// tracker and connect directly wherever that is possible at all. The routers' counters prove it.
/// </summary>
[Collection(LabRun.Name)]
public sealed class NatMatrixTests(TestContents contents, ITestOutputHelper output)
{
    private const int Port = 7001;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [ForeignTheory(Needs.Masquerade | Needs.Libtorrent)]
    [InlineData(NatKind.Open, NatKind.Open)]
    [InlineData(NatKind.Open, NatKind.PortKeeping)]
    [InlineData(NatKind.Open, NatKind.FullyRandom)]
    [InlineData(NatKind.PortKeeping, NatKind.Open)]
    [InlineData(NatKind.FullyRandom, NatKind.Open)]
    [InlineData(NatKind.PortKeeping, NatKind.PortKeeping)]
    public async Task Homes_connect_directly_where_theory_allows(NatKind shareKind, NatKind getKind)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        NatPair pair = await NatPair.StartAsync(network, contents.Mebibytes(32), shareKind, getKind);

        JsonEvent connected = await pair.Get.WaitForAsync(pair.IsSharer, "a connection to the sharer", Limit);
        await pair.Get.WaitForSuccessAsync(Limit);

        pair.AssertContent();
        string way = connected.Text("path");
        // A getter can dial an open sharer; any other has to be told to dial the getter, by the public peer.
        Assert.Equal(shareKind == NatKind.Open ? "tcp" : "punched-tcp", way);
        RouterTraffic traffic = await pair.GetRouter.TrafficWithAsync(pair.ShareHost.PublicAddress);
        Assert.True(traffic.Received > pair.Content.LengthBytes * 9 / 10, $"{traffic} of {pair.Content.LengthBytes} bytes came directly");
        RouterTraffic atSharer = await pair.ShareRouter.TrafficWithAsync(pair.GetHost.PublicAddress);
        Assert.True(atSharer.Sent > pair.Content.LengthBytes * 9 / 10, $"{atSharer} of {pair.Content.LengthBytes} bytes went directly");
        Report(shareKind, getKind, way, connected.At - pair.GetStarted);
    }

    private void Report(NatKind share, NatKind get, string way, TimeSpan time)
    {
        string row = string.Create(CultureInfo.InvariantCulture, $"| {share} | {get} | {way} | {time.TotalSeconds:0.0} s |");
        output.WriteLine(row);
        string artifacts = Directory.CreateDirectory(Path.Combine(LabFiles.Repository, "artifacts")).FullName;
        File.AppendAllText(Path.Combine(artifacts, "nat-matrix.md"), row + Environment.NewLine);
    }
}
