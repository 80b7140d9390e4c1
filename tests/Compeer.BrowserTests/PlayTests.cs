using Compeer.BrowserTests.Lab;

namespace Compeer.BrowserTests;

/// <summary>Films, pictures and text of a foreign seed, while they are still being fetched.</summary>
[Collection(SharedBrowser.Name)]
public sealed class PlayTests(Browser browser)
{
    [BrowserTheory]
    [InlineData("webm")]
    [InlineData("mp4")]
    public async Task A_film_plays_and_seeks_while_most_of_it_is_not_here_yet(string kind)
    {
        await using Stage stage = await Stage.OpenAsync(browser);
        string folder = await Films.FolderAsync(stage.Folder("seed"));
        if (kind == "mp4")
        {
            File.Delete(Path.Combine(folder, "film.webm"));
            await Films.Mp4Async(Path.Combine(folder, "film.mp4"), 60);
        }
        // The film is a small part of a torrent that takes minutes: what is watched has to be fetched out of turn.
        TransferTests.MakeFile(Path.Combine(folder, "extras.bin"), 64 << 20);
        long size = new FileInfo(Path.Combine(folder, "film." + kind)).Length;
        await using Seed seed = await Swarm.SeedAsync(await Swarm.MakeTorrentAsync(folder, 32768), (int)(size / 15));
        string id = (await stage.Daemon.PostAsync("torrents", new { link = seed.Magnet })).GetProperty("id").GetString()!;
        await stage.Page.GotoAsync($"{stage.Daemon.Url}/#/t/{id}");
        await OpenAsync(stage, "film." + kind, "Play");

        ILocator video = stage.Page.Locator("video");
        await video.EvaluateAsync("async v => { v.muted = true; await v.play() }");
        await WaitUntilAsync(stage, "v => v.currentTime > 1 && !v.error");
        Assert.True(await VerifiedAsync(stage, id, "film." + kind) < size, "the film was whole before it was watched: the test shows nothing");
        await video.EvaluateAsync("v => { v.currentTime = 45 }");
        await WaitUntilAsync(stage, "v => v.currentTime > 46 && v.videoWidth === 320 && !v.error");
        await stage.ShootAsync("play-" + kind);
        await WaitUntilAsync(stage, "v => v.textTracks.length === 1 && v.textTracks[0].label === 'en'");
        Assert.Equal("Hello there", await video.EvaluateAsync<string>("v => { v.textTracks[0].mode = 'hidden'; return v.textTracks[0].cues[0].text }"));
    }

    [BrowserFact]
    public async Task Pictures_and_text_are_shown_and_another_player_gets_a_link()
    {
        await using Stage stage = await Stage.OpenAsync(browser);
        string folder = await Films.FolderAsync(stage.Folder("seed"), 2);
        await File.WriteAllTextAsync(Path.Combine(folder, "page.html"), "<script>alert(1)</script>");
        await using Seed seed = await Swarm.SeedAsync(await Swarm.MakeTorrentAsync(folder));
        string id = (await stage.Daemon.PostAsync("torrents", new { link = seed.Magnet })).GetProperty("id").GetString()!;
        await stage.Page.GotoAsync($"{stage.Daemon.Url}/#/t/{id}");

        await OpenAsync(stage, "cover.png");
        await Assertions.Expect(stage.Page.Locator(".player img")).ToBeVisibleAsync();
        await stage.Page.WaitForFunctionAsync("() => document.querySelector('.player img').naturalWidth === 320");
        await stage.Page.GoBackAsync();
        await OpenAsync(stage, "README.txt");
        await stage.ReadsAsync("Read this first.");
        await stage.ShootAsync("play-text");
        await stage.Page.GoBackAsync();
        await OpenAsync(stage, "page.html");
        await stage.ReadsAsync("<script>alert(1)</script>");

        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Link for another player" }).ClickAsync();
        string link = await stage.Page.Locator("section code").InnerTextAsync();
        using var player = new HttpClient();
        Assert.Equal("<script>alert(1)</script>", await player.GetStringAsync(link));
    }

    private static async Task<long> VerifiedAsync(Stage stage, string id, string name) =>
        (await stage.Daemon.GetAsync($"torrents/{id}/files")).GetProperty("items").EnumerateArray()
        .Single(file => file.GetProperty("path").GetString()!.EndsWith(name, StringComparison.Ordinal)).GetProperty("verified").GetInt64();

    private static Task OpenAsync(Stage stage, string name, string verb = "Show") => stage.Page.GetByRole(AriaRole.Link, new() { Name = $"{verb} A film/{name}" }).ClickAsync();

    private static Task WaitUntilAsync(Stage stage, string about) => stage.Page.WaitForFunctionAsync($"() => {{ const v = document.querySelector('video'); return v && ({about})(v) }}", null, new() { Timeout = 60_000 });
}
