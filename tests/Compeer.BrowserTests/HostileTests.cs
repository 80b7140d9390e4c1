using System.Text;
using Compeer.BrowserTests.Lab;

namespace Compeer.BrowserTests;

/// <summary>Names that strangers chose to do harm. A dialog or an error of the page fails any test at its end.</summary>
public sealed class HostileTests(Home home) : IClassFixture<Home>
{
    private static readonly string[] Names =
    [
        "<img src=x onerror=alert(1)><script>alert(2)</script>",
        "\"><svg onload=alert(3)>{{constructor.constructor('alert(4)')()}}",
        "photo\u202egpj.exe",
        "\u2066\u2067\u202b\u200f hidden \u200b\u2028 line \u0007\u001b[31m",
        "Z\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309\u030a\u030b\u030c\u030d\u030ea\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308\u0309lgo",
        new string('W', 10_000),
        "javascript:alert(5)",
    ];

    [BrowserFact]
    public async Task No_name_runs_reorders_hides_or_breaks_the_page()
    {
        await using Stage stage = await home.OpenAsync();
        var ids = new List<string>();
        foreach (string name in Names)
            ids.Add((await stage.Daemon.PostAsync("torrents", new { link = $"magnet:?xt=urn:btih:{ids.Count + 1:x40}&dn={Uri.EscapeDataString(name)}", paused = true })).GetProperty("id").GetString()!);
        foreach (string id in ids)
            await Assertions.Expect(stage.Page.Locator($"[data-id='{id}']")).ToBeVisibleAsync();
        await AssertHarmlessAsync(stage);
        Assert.InRange((await stage.Page.Locator("[data-id] .name").AllInnerTextsAsync()).Max(text => text.Length), 1, 240);
        await stage.ShootAsync("hostile");

        foreach (string id in ids)
        {
            await stage.Page.GotoAsync($"{stage.Daemon.Url}/#/t/{id}/about");
            await stage.ReadsAsync("Private");
            await AssertHarmlessAsync(stage);
        }
        await stage.Page.GotoAsync($"{stage.Daemon.Url}/#/t/{ids[5]}/about");
        await stage.ReadsAsync("Private");
        Assert.InRange((await stage.Page.Locator("dd.long").First.InnerTextAsync()).Length, 200, 10_000);
        await stage.ShootAsync("hostile-long");
    }

    [BrowserFact]
    public async Task Names_of_files_and_comments_are_as_harmless()
    {
        await using Stage stage = await home.OpenAsync();
        byte[] torrent = Torrent("<script>alert(1)</script>", "invoice\u202efdp.exe", "<img src=x onerror=alert(2)>\u2067");
        string file = Path.Combine(home.Folder("hostile"), "evil.torrent");
        await File.WriteAllBytesAsync(file, torrent);
        await stage.Page.GetByLabel("Torrent files").SetInputFilesAsync(file);
        await stage.SeesAsync("Add a transfer");
        await stage.ReadsAsync("fdp.exe");
        await AssertHarmlessAsync(stage);
        await stage.ShootAsync("hostile-files");
    }

    [BrowserFact]
    public async Task Peers_call_themselves_what_they_like_and_harm_nobody()
    {
        await using Stage stage = await home.OpenAsync();
        string file = Path.Combine(home.Folder("peers"), "shared.bin");
        TransferTests.MakeFile(file, 8 << 20);
        await using Seed seed = await Swarm.SeedAsync(await Swarm.MakeTorrentAsync(file), 200_000, client: "<img src=x onerror=alert(1)>\u202efdp\u200b" + new string('W', 200));
        string id = (await stage.Daemon.PostAsync("torrents", new { link = seed.Magnet })).GetProperty("id").GetString()!;
        await stage.GoToAsync($"t/{id}/peers");
        await Assertions.Expect(stage.Page.GetByRole(AriaRole.Row).Filter(new() { HasText = "<img src=x onerror=alert(1)>" })).ToBeVisibleAsync();
        await AssertHarmlessAsync(stage);
        await stage.ShootAsync("hostile-peer");
        await stage.GoAsync("Network");
        await stage.Page.Locator("svg.map circle.gives").ClickAsync();
        await stage.ReadsAsync("<img src=x onerror=alert(1)>");
        await stage.Page.GetByText("As a table").ClickAsync();
        await AssertHarmlessAsync(stage);
    }

    /// <summary>Nothing of what strangers wrote became an element, and no character that hides or turns text is left.</summary>
    private static async Task AssertHarmlessAsync(Stage stage)
    {
        Assert.Equal(0, await stage.Page.EvaluateAsync<int>("() => document.querySelectorAll('#app script, #app [onerror], #app [onload], #app img[src=\"x\"], #app a[href^=javascript]').length"));
        Assert.Equal("", await stage.Page.EvaluateAsync<string>(@"() => (document.body.innerText.match(/[\u202a-\u202e\u2066-\u2069\u200e\u200f\u200b\u2028\u2029\u0007\u001b]/u) ?? [''])[0]"));
        Assert.Equal(0, await stage.SidewaysAsync());
    }

    /// <summary>A v1 torrent of two files with a comment, by hand: no honest program makes such names.</summary>
    private static byte[] Torrent(string name, string path, string comment)
    {
        static string Text(string value) => $"{Encoding.UTF8.GetByteCount(value)}:{value}";
        byte[] head = Encoding.UTF8.GetBytes($"d7:comment{Text(comment)}4:infod5:filesld6:lengthi1e4:pathl{Text(path)}eed6:lengthi1e4:pathl{Text("plain.txt")}eee4:name{Text(name)}12:piece lengthi16384e6:pieces20:");
        return [.. head, .. new byte[20], .. "ee"u8];
    }
}
