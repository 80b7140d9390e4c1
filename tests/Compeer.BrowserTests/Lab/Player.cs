namespace Compeer.BrowserTests.Lab;

/// <summary>The film that a page plays.</summary>
public sealed class Player(Stage stage)
{
    private ILocator Video => stage.Page.Locator("video");

    /// <summary>Plays without sound, until pictures move.</summary>
    public async Task StartAsync()
    {
        await Video.EvaluateAsync("async v => { v.muted = true; await v.play() }");
        await IsAsync("v => v.currentTime > 0.3 && !v.error");
    }

    /// <summary>Goes to an instant, in seconds, and gives the milliseconds until the picture of it is there.</summary>
    public Task<double> SeekAsync(int second) =>
        Video.EvaluateAsync<double>("(v, second) => new Promise((resolve, reject) => { const from = performance.now(); v.onseeked = () => resolve(performance.now() - from); v.onerror = () => reject(v.error); v.currentTime = second })", second);

    /// <summary>Waits until something holds of the video element.</summary>
    public Task IsAsync(string what) => stage.Page.WaitForFunctionAsync($"() => {{ const v = document.querySelector('video'); return v && ({what})(v) }}", null, new() { Timeout = 60_000 });

    /// <summary>The first words of each track of subtitles, "LANGUAGE: WORDS".</summary>
    public async Task<string[]> SubtitlesAsync() =>
        [.. (await Video.EvaluateAsync<string[]>("v => [...v.textTracks].map(t => { t.mode = 'hidden'; return `${t.label}: ${t.cues[0].text}` })")).Order(StringComparer.Ordinal)];
}
