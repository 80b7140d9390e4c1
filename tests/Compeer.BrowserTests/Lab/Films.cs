namespace Compeer.BrowserTests.Lab;

/// <summary>Films that ffmpeg makes: moving pictures with a tone, in formats that every browser plays.</summary>
public static class Films
{
    /// <summary>A WebM (VP8 and Vorbis) whose index stands at its beginning.</summary>
    public static Task WebmAsync(string path, int seconds) =>
        MakeAsync(path, seconds, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "700k", "-g", "24", "-c:a", "libvorbis", "-cues_to_front", "1");

    /// <summary>An MP4 (H.264 and AAC) whose index stands at its beginning.</summary>
    public static Task Mp4Async(string path, int seconds) =>
        MakeAsync(path, seconds, "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "700k", "-g", "24", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart");

    /// <summary>A picture of 320 by 200.</summary>
    public static Task PictureAsync(string path) => RunAsync(["-f", "lavfi", "-i", "testsrc=size=320x200", "-frames:v", "1", path]);

    private static Task MakeAsync(string path, int seconds, params string[] how) =>
        // Noise makes every second as large as the next, so that half of the bytes is half of the film.
        RunAsync(["-f", "lavfi", "-i", $"testsrc=duration={seconds}:size=320x180:rate=12,noise=alls=30:allf=t", "-f", "lavfi", "-i", $"sine=frequency=440:duration={seconds}", .. how, path]);

    private static async Task RunAsync(IEnumerable<string> arguments)
    {
        await using var ffmpeg = new ChildProcess(Programs.Ffmpeg, ["-loglevel", "error", "-nostdin", "-y", .. arguments]);
        await ffmpeg.WaitForSuccessAsync(120);
    }
}
