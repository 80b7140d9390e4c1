using Compeer.BrowserTests.Lab;

namespace Compeer.BrowserTests;

/// <summary>A film, its subtitles, pictures and text of a foreign seed, while they are still being fetched.</summary>
public sealed class PlayTests(Home home) : IClassFixture<Home>
{
    [BrowserFact]
    public async Task What_lies_in_a_torrent_is_watched_read_and_looked_at_while_most_of_it_is_not_here_yet()
    {
        await using Stage stage = await home.OpenAsync();
        string folder = Directory.CreateDirectory(Path.Combine(home.Folder("seed"), "A film")).FullName;
        string film = Path.Combine(folder, "film.webm");
        await Task.WhenAll(Films.WebmAsync(film, 30), Films.PictureAsync(Path.Combine(folder, "cover.png")));
        await File.WriteAllTextAsync(Path.Combine(folder, "film.en.srt"), "1\n00:00:00,500 --> 00:59:00,000\nHello <i>there</i>\n\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "film.de.vtt"), "WEBVTT\n\n00:00.500 --> 59:00.000 line:80%\nGuten <b>Tag</b>\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "README.txt"), "Read this first.\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "page.html"), "<script>alert(1)</script>");
        long size = new FileInfo(film).Length;
        await using Seed seed = await Swarm.SlowSeedAsync(folder, size / 4);
        string id = (await stage.Daemon.PostAsync("torrents", new { link = seed.Magnet })).GetProperty("id").GetString()!;
        await stage.GoToAsync("t/" + id);

        await OpenAsync(stage, "film.webm", "Play");
        var player = new Player(stage);
        await player.StartAsync();
        Assert.True(await VerifiedAsync(stage, id, "film.webm") < size, "the film was whole before it was watched: the test shows nothing");
        await player.SeekAsync(22);
        await player.IsAsync("v => v.currentTime > 22.5 && v.videoWidth === 320 && !v.error");
        await player.IsAsync("v => v.textTracks.length === 2");
        Assert.Equal(["de: Guten Tag", "en: Hello there"], await player.SubtitlesAsync());
        await stage.ShootAsync("play-webm");

        await stage.Page.GoBackAsync();
        await OpenAsync(stage, "cover.png");
        await stage.Page.WaitForFunctionAsync("() => document.querySelector('.player img')?.naturalWidth === 320");
        await stage.ShootAsync("play-picture");
        await stage.Page.GoBackAsync();
        await OpenAsync(stage, "README.txt");
        await stage.ReadsAsync("Read this first.");
        await stage.ShootAsync("play-text");
        await stage.Page.GoBackAsync();
        await OpenAsync(stage, "page.html");
        await stage.ReadsAsync("<script>alert(1)</script>");

        await stage.Page.GetByRole(AriaRole.Button, new() { Name = "Link for another player" }).ClickAsync();
        string link = await stage.Page.Locator("section code").InnerTextAsync();
        using var another = new HttpClient();
        Assert.Equal("<script>alert(1)</script>", await another.GetStringAsync(link));
    }

    internal static async Task<long> VerifiedAsync(Stage stage, string id, string name) =>
        (await stage.Daemon.GetAsync($"torrents/{id}/files")).GetProperty("items").EnumerateArray()
        .Single(file => file.GetProperty("path").GetString()!.EndsWith(name, StringComparison.Ordinal)).GetProperty("verified").GetInt64();

    internal static Task OpenAsync(Stage stage, string name, string verb = "Show") => stage.Page.GetByRole(AriaRole.Link, new() { Name = $"{verb} A film/{name}" }).ClickAsync();
}
