using Compeer.InteropTests.Lab;

namespace Compeer.InteropTests;

/// <summary>The other tests run the native program where there is one; here it and the managed one fetch from each other.</summary>
public sealed class ManagedProgramTests(TestContents contents) : IClassFixture<TestContents>
{
    [ForeignTheory(Needs.Libtorrent)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    public async Task The_managed_program_and_the_native_one_fetch_from_each_other(bool isManagedSeed, bool isManagedLeecher)
    {
        await using LabNetwork network = await LabNetwork.CreateAsync();
        LabHost seedHost = await network.AddHostAsync(), getHost = await network.AddHostAsync();
        TorrentFacts torrent = await CompeerProcess.CreateTorrentAsync(seedHost, contents.Folder, "hybrid");
        await CompeerProcess.SeedAsync(seedHost, torrent.Path, contents.Folder.Parent, new() { IsManaged = isManagedSeed });
        string directory = network.NewDirectory("got");

        await CompeerProcess.Get(getHost, torrent.Path, directory, new() { IsManaged = isManagedLeecher, Peers = [seedHost.At(7001)] })
            .WaitForSuccessAsync(TimeSpan.FromSeconds(60));

        contents.Folder.AssertIsIn(directory);
    }
}
