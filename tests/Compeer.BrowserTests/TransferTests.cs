using Compeer.BrowserTests.Lab;

namespace Compeer.BrowserTests;

/// <summary>From a link to files on the disk, with a foreign seed.</summary>
public sealed class TransferTests(Home home) : IClassFixture<Home>
{
    [BrowserFact]
    public async Task A_magnet_shows_its_files_first_and_fetches_only_what_was_chosen()
    {
        await using Stage stage = await home.OpenAsync();
        string source = Directory.CreateDirectory(Path.Combine(home.Folder("seed"), "Letters")).FullName;
        byte[] wanted = MakeFile(Path.Combine(source, "wanted.bin"), 3 << 20);
        MakeFile(Path.Combine(source, "zz-unwanted.bin"), 4 << 20);
        await using Seed seed = await Swarm.SeedAsync(await Swarm.MakeTorrentAsync(source, 65536), 600_000);

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
        await stage.ReadsAsync("Switched off under Settings");
        await stage.ShootAsync("transfer-where-from");
        await stage.Page.GetByRole(AriaRole.Link, new() { Name = "About" }).ClickAsync();
        await stage.ReadsAsync("Info-hash (v1)");
        await stage.ShootAsync("transfer-about");
    }

    [BrowserFact]
    public async Task A_torrent_file_starts_and_a_link_of_it_brings_the_peer_that_has_it()
    {
        await using Stage stage = await home.OpenAsync();
        string source = Path.Combine(home.Folder("seed-file"), "one.bin");
        byte[] bytes = MakeFile(source, 1 << 20);
        string file = await Swarm.MakeTorrentAsync(source);
        await using Seed seed = await Swarm.SeedAsync(file);
        await stage.Page.GetByLabel("Torrent files").SetInputFilesAsync(file);
        await stage.SeesAsync("Add a transfer");
        await stage.ReadsAsync("one.bin");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Start" }).ClickAsync();
        await stage.SeesAsync("Transfers");

        await stage.AddAsync(seed.Magnet);
        await stage.ReadsAsync("It is in the list already.");
        await stage.SeesAsync("one.bin");
        await stage.Daemon.CompletesAsync(IdOf(stage));
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(stage.Daemon.Downloads, "one.bin")));
        await stage.ReadsAsync("Complete");
    }

    [BrowserFact]
    public async Task One_transfer_gets_limits_of_its_own_and_its_files_another_folder()
    {
        await using Stage stage = await home.OpenAsync();
        string source = Directory.CreateDirectory(Path.Combine(home.Folder("seed-move"), "Songs")).FullName;
        byte[] song = MakeFile(Path.Combine(source, "song.bin"), 700_000);
        MakeFile(Path.Combine(source, "words.bin"), 300_000);
        await using Seed seed = await Swarm.SeedAsync(await Swarm.MakeTorrentAsync(source));
        string id = (await stage.Daemon.PostAsync("torrents", new { link = seed.Magnet, labels = new[] { "music" } })).GetProperty("id").GetString()!;
        await stage.Daemon.CompletesAsync(id);
        await stage.GoToAsync($"t/{id}/about");
        await stage.ReadsAsync("in 2 files");

        ILocator limit = stage.Page.GetByLabel("Up at most");
        await limit.FillAsync("a lot");
        await limit.PressAsync("Enter");
        await stage.ReadsAsync("Write a rate a second");
        await limit.FillAsync("300 KiB");
        await limit.PressAsync("Enter");
        await BecomesAsync(stage, id, "upLimit", 300 << 10);
        await stage.Page.ReloadAsync();
        await Assertions.Expect(limit).ToHaveValueAsync("300 KiB");
        await limit.FillAsync("");
        await limit.PressAsync("Enter");
        await BecomesAsync(stage, id, "upLimit", 0);
        await stage.ShootAsync("transfer-treatment");

        string elsewhere = Directory.CreateDirectory(Path.Combine(stage.Daemon.Folder, "elsewhere")).FullName;
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Move", Exact = true }).ClickAsync();
        ILocator place = stage.Page.GetByLabel("Folder on the node's computer");
        await place.FillAsync(elsewhere);
        await place.PressAsync("Enter");
        await stage.ReadsAsync("Nothing in here.");
        await stage.ShootAsync("transfer-move");
        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Move them here" }).ClickAsync();
        await stage.ReadsAsync($"Songs lies in {elsewhere} now.");
        await Assertions.Expect(stage.Page.Locator("code").GetByText(elsewhere, new() { Exact = true })).ToBeVisibleAsync();
        Assert.Equal(song, await File.ReadAllBytesAsync(Path.Combine(elsewhere, "Songs", "song.bin")));
        Assert.False(File.Exists(Path.Combine(stage.Daemon.Downloads, "Songs", "song.bin")), "the file lies at its old place too");
        await stage.Daemon.CompletesAsync(id);
    }

    /// <summary>Waits until the node says so of a torrent.</summary>
    private static async Task BecomesAsync(Stage stage, string id, string what, long value)
    {
        for (int look = 0; look < 120 && (await stage.Daemon.GetAsync("torrents/" + id)).GetProperty(what).GetInt64() != value; look++)
            await Task.Delay(100);
        Assert.Equal(value, (await stage.Daemon.GetAsync("torrents/" + id)).GetProperty(what).GetInt64());
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
