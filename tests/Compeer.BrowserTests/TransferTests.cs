using System.Text.Json;
using Compeer.BrowserTests.Lab;

namespace Compeer.BrowserTests;

/// <summary>From a link to files on the disk, with a foreign seed.</summary>
[Collection(SharedBrowser.Name)]
public sealed class TransferTests(Browser browser)
{
    [BrowserFact]
    public async Task A_magnet_shows_its_files_first_and_fetches_only_what_was_chosen()
    {
        await using Stage stage = await Stage.OpenAsync(browser);
        string source = Directory.CreateDirectory(Path.Combine(stage.Folder("seed"), "Letters")).FullName;
        byte[] wanted = MakeFile(Path.Combine(source, "wanted.bin"), 3 << 20);
        MakeFile(Path.Combine(source, "zz-unwanted.bin"), 4 << 20);
        await using Seed seed = await Swarm.SeedAsync(await Swarm.MakeTorrentAsync(source, 65536), 300_000);

        await stage.AddAsync(seed.Magnet);
        await stage.SeesAsync("Add a transfer");
        await stage.Page.GetByRole(AriaRole.Checkbox, new() { Name = "zz-unwanted.bin" }).UncheckAsync();
        await stage.ReadsAsync("1 file, 3.0 MiB");
        await stage.Page.GetByLabel("Labels, separated by commas").FillAsync("letters");
        await stage.ShootAsync("preview");
        Assert.False(File.Exists(Path.Combine(stage.Daemon.Downloads, "Letters", "wanted.bin")) && new FileInfo(Path.Combine(stage.Daemon.Downloads, "Letters", "wanted.bin")).Length > 0, "something was fetched before it was started");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();

        await stage.SeesAsync("Transfers");
        await stage.Page.GetByRole(AriaRole.Link, new() { Name = "Letters" }).ClickAsync();
        await stage.SeesAsync("Letters");
        await stage.Page.GetByRole(AriaRole.Link, new() { Name = "Peers", Exact = true }).ClickAsync();
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "libtorrent" })).ToBeVisibleAsync();
        await stage.ShootAsync("transfer-peers");
        await stage.Page.GetByRole(AriaRole.Link, new() { Name = "Pieces", Exact = true }).ClickAsync();
        await Assertions.Expect(stage.Page.GetByText("pieces of 64.0 KiB verified")).ToBeVisibleAsync();
        await Assertions.Expect(stage.Page.GetByText("not wanted").First).ToBeVisibleAsync();
        await stage.ShootAsync("transfer-pieces");

        await stage.Daemon.CompletesAsync(IdOf(stage));
        await stage.Page.GetByRole(AriaRole.Link, new() { Name = "Files", Exact = true }).ClickAsync();
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Link, new() { Name = "Save Letters/wanted.bin" })).ToBeVisibleAsync();
        await stage.ReadsAsync("not fetched");
        await stage.ShootAsync("transfer-files");
        Assert.Equal(wanted, await File.ReadAllBytesAsync(Path.Combine(stage.Daemon.Downloads, "Letters", "wanted.bin")));

        await stage.Page.GetByRole(AriaRole.Link, new() { Name = "Where from" }).ClickAsync();
        await stage.ReadsAsync("Switched off under Settings.");
        await stage.ShootAsync("transfer-where-from");
        await stage.Page.GetByRole(AriaRole.Link, new() { Name = "About" }).ClickAsync();
        await stage.ReadsAsync("Info-hash (v1)");
        await stage.ShootAsync("transfer-about");
    }

    [BrowserFact]
    public async Task A_torrent_file_is_added_from_this_computer_and_starts()
    {
        await using Stage stage = await Stage.OpenAsync(browser);
        string source = Path.Combine(stage.Folder("seed"), "one.bin");
        MakeFile(source, 1 << 20);
        string file = await Swarm.MakeTorrentAsync(source);
        await stage.Page.GetByLabel("Torrent files").SetInputFilesAsync(file);
        await stage.SeesAsync("Add a transfer");
        await stage.ReadsAsync("one.bin");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await stage.SeesAsync("Transfers");

        await stage.Page.GetByRole(AriaRole.Link, new() { Name = "one.bin" }).ClickAsync();
        await stage.SeesAsync("one.bin");
        JsonElement torrent = await stage.Daemon.GetAsync("torrents/" + IdOf(stage));
        Assert.Equal(1 << 20, torrent.GetProperty("size").GetInt64());
        Assert.NotEqual("preview", torrent.GetProperty("state").GetString());

        // Its link leads to the transfer that is here.
        await stage.GoAsync("Transfers");
        await stage.AddAsync(torrent.GetProperty("magnet").GetString()!);
        await stage.ReadsAsync("It is in the list already.");
        await stage.SeesAsync("one.bin");
    }

    /// <summary>The torrent whose page is open: "#/t/ID" or "#/t/ID/TAB".</summary>
    private static string IdOf(Stage stage) => stage.Page.Url.Split("/t/")[1].Split('/')[0];

    internal static byte[] MakeFile(string path, int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        File.WriteAllBytes(path, bytes);
        return bytes;
    }
}
