using Compeer.BrowserTests.Lab;

namespace Compeer.BrowserTests;

/// <summary>Films, pictures and text that came from a foreign seed.</summary>
[Collection(SharedBrowser.Name)]
public sealed class PlayTests(Browser browser)
{
    [BrowserTheory]
    [InlineData("webm")]
    [InlineData("mp4")]
    public async Task A_film_waits_until_it_is_whole_then_plays_and_seeks_with_its_subtitles(string kind)
    {
        await using Stage stage = await Stage.OpenAsync(browser);
        string folder = await Films.FolderAsync(stage.Folder("seed"));
        if (kind == "mp4")
        {
            File.Delete(Path.Combine(folder, "film.webm"));
            await Films.Mp4Async(Path.Combine(folder, "film.mp4"), 60);
        }
        await using Seed seed = await Swarm.SeedAsync(await Swarm.MakeTorrentAsync(folder, 32768), 400_000);
        string id = (await stage.Daemon.PostAsync("torrents", new { link = seed.Magnet })).GetProperty("id").GetString()!;
        await stage.Page.GotoAsync($"{stage.Daemon.Url}/#/t/{id}");
        await OpenAsync(stage, "film." + kind, "Play");
        await stage.ReadsAsync("It is shown as soon as it is whole.");
        await stage.ShootAsync("play-waiting");

        ILocator video = stage.Page.Locator("video");
        await Assertions.Expect(video).ToBeVisibleAsync(new() { Timeout = 60_000 });
        await video.EvaluateAsync("async v => { v.muted = true; await v.play() }");
        await WaitUntilAsync(stage, "v => v.currentTime > 1 && !v.error");
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

    private static Task OpenAsync(Stage stage, string name, string verb = "Show") => stage.Page.GetByRole(AriaRole.Link, new() { Name = $"{verb} A film/{name}" }).ClickAsync();

    private static Task WaitUntilAsync(Stage stage, string about) => stage.Page.WaitForFunctionAsync($"() => {{ const v = document.querySelector('video'); return v && ({about})(v) }}", null, new() { Timeout = 60_000 });
}
