using Compeer.BrowserTests.Lab;

namespace Compeer.BrowserTests;

/// <summary>Giving: from a file in the browser to a foreign leecher that has it.</summary>
public sealed class ShareTests(Home home) : IClassFixture<Home>
{
    [BrowserFact]
    public async Task A_file_from_this_computer_becomes_a_link_that_others_fetch_by()
    {
        await using Stage stage = await home.OpenAsync();
        string file = Path.Combine(home.Folder("mine"), "gift.bin");
        byte[] bytes = TransferTests.MakeFile(file, 2 << 20);
        await stage.GoAsync("Share");
        await stage.Page.GetByLabel("File to share").SetInputFilesAsync(file);
        await stage.SeesAsync("Give this link to others");
        string link = await stage.Page.Locator("section[role=status] code").InnerTextAsync();
        Assert.StartsWith("magnet:?", link, StringComparison.Ordinal);
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Img, new() { Name = "QR code of the link" })).ToBeVisibleAsync();
        await stage.ShootAsync("share-link");

        int port = (await stage.Daemon.GetAsync("node")).GetProperty("port").GetInt32();
        string taken = home.Folder("taken");
        await using ChildProcess leech = await Swarm.LeechAsync(link, taken, $"127.0.0.1:{port}");
        await leech.WaitForAsync("complete");
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(taken, "gift.bin")));
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Link and takers of gift.bin" }).ClickAsync();
        await stage.ReadsAsync("gave 2.0 MiB");
        // Who has everything has nothing more to ask for and goes: he is remembered.
        ILocator taker = stage.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "libtorrent" });
        await Assertions.Expect(taker).ToContainTextAsync("2.0 MiB (100 %)");
        await Assertions.Expect(taker).ToContainTextAsync("left", new() { Timeout = 30_000 });
        await stage.ShootAsync("share-takers");
    }

    [BrowserFact]
    public async Task A_folder_on_the_node_is_chosen_and_shared()
    {
        await using Stage stage = await home.OpenAsync();
        string folder = Directory.CreateDirectory(Path.Combine(stage.Daemon.Downloads, "Album")).FullName;
        TransferTests.MakeFile(Path.Combine(folder, "track.bin"), 300_000);
        await stage.GoAsync("Share");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "A folder or file on the node" }).ClickAsync();
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Album" }).ClickAsync();
        await stage.ReadsAsync("track.bin");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Share this folder" }).ClickAsync();
        await stage.SeesAsync("Give this link to others");
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Link, new() { Name = "Album" })).ToBeVisibleAsync();
    }
}
