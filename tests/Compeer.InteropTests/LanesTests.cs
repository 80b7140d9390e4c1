using System.Globalization;
using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>Short contents are hashed one message at a time where the processor has SHA instructions; here every number of lanes makes the torrent that libtorrent makes.</summary>
public sealed class LanesTests(TestContents contents) : IClassFixture<TestContents>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [ForeignTheory(Needs.Libtorrent)]
    [InlineData("v1")]
    [InlineData("v2")]
    [InlineData("hybrid")]
    public async Task Any_number_of_lanes_makes_the_torrent_of_libtorrent(string format)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost host = await network.AddHostAsync();
        TorrentFacts theirs = await Torrents.CreateAsync(host, contents.Single, format);
        foreach (int lanes in (int[])[1, 8, 16])
        {
            string path = Path.Combine(network.Work, string.Create(CultureInfo.InvariantCulture, $"{lanes}-{format}.torrent"));
            var variables = new Dictionary<string, string> { ["COMPEER_HASH_LANES"] = lanes.ToString(CultureInfo.InvariantCulture) };
            await using var process = new CompeerProcess(host, ["create", contents.Single.Path, "-o", path, "--format", format, "--piece-size", "64K", "--quiet"], variables);
            await process.WaitForSuccessAsync(Limit);

            TorrentFacts ours = await Torrents.ReadAsync(host, path);

            Assert.Equal((theirs.V1, theirs.V2, theirs.Pieces), (ours.V1, ours.V2, ours.Pieces));
        }
    }
}
