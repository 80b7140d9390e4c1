using Compeer.BrowserTests.Lab;
using Xunit.Abstractions;

namespace Compeer.BrowserTests;

/// <summary>Going to and fro in a film that is not here yet.</summary>
public sealed class SeekTests(Home home, ITestOutputHelper output) : IClassFixture<Home>
{
    [BrowserFact]
    public async Task A_seek_fetches_what_is_seen_first_wherever_it_goes()
    {
        await using Stage stage = await home.OpenAsync();
        string folder = Directory.CreateDirectory(Path.Combine(home.Folder("seed"), "A film")).FullName;
        string film = Path.Combine(folder, "film.mp4");
        await Films.Mp4Async(film, 90);
        long size = new FileInfo(film).Length;
        // Quick enough to watch by far, and far too slow to have all of it when it is watched.
        await using Seed seed = await Swarm.SlowSeedAsync(folder, size / 4);
        string id = (await stage.Daemon.PostAsync("torrents", new { link = seed.Magnet })).GetProperty("id").GetString()!;
        await stage.GoToAsync("t/" + id);
        await PlayTests.OpenAsync(stage, "film.mp4", "Play");
        var player = new Player(stage);
        await player.StartAsync();
        foreach (int second in (int[])[70, 40, 85])
        {
            long here = await PlayTests.VerifiedAsync(stage, id, "film.mp4");
            double took = await player.SeekAsync(second);
            Figures.Print(output, FormattableString.Invariant($"Seek to {second} s of a film of 90 s, {100.0 * here / size:0} % of it here: {took:0} ms"));
            await player.IsAsync($"v => v.currentTime > {second} && v.videoWidth === 320 && !v.error");
            Assert.True(second != 70 || here < size, "the film was whole before the seek: the test shows nothing");
        }
        await stage.ShootAsync("play-mp4");
    }
}
