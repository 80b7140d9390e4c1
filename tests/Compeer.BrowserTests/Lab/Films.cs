namespace Compeer.BrowserTests.Lab;

/// <summary>Films that ffmpeg makes: moving pictures with a tone, in formats that every browser plays.</summary>
public static class Films
{
    /// <summary>A folder with film.webm (VP8 and Vorbis, an index at its beginning), subtitles, a picture and a text.</summary>
    public static async Task<string> FolderAsync(string parent, int seconds = 60)
    {
        string folder = Directory.CreateDirectory(Path.Combine(parent, "A film")).FullName;
        await MakeAsync(Path.Combine(folder, "film.webm"), seconds, "-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "700k", "-g", "24", "-c:a", "libvorbis", "-cues_to_front", "1");
        await File.WriteAllTextAsync(Path.Combine(folder, "film.en.srt"), "1\n00:00:00,500 --> 00:59:00,000\nHello <i>there</i>\n\n");
        await File.WriteAllTextAsync(Path.Combine(folder, "README.txt"), "Read this first.\n");
        await RunAsync(["-f", "lavfi", "-i", "testsrc=size=320x200", "-frames:v", "1", Path.Combine(folder, "cover.png")]);
        return folder;
    }

    /// <summary>An MP4 (H.264 and AAC) whose index stands at its beginning.</summary>
    public static Task Mp4Async(string path, int seconds) =>
        MakeAsync(path, seconds, "-c:v", "libx264", "-preset", "ultrafast", "-b:v", "700k", "-g", "24", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart");

    private static Task MakeAsync(string path, int seconds, params string[] how) =>
        // Noise makes every second as large as the next, so that half of the bytes is half of the film.
        RunAsync(["-f", "lavfi", "-i", $"testsrc=duration={seconds}:size=320x180:rate=12,noise=alls=30:allf=t", "-f", "lavfi", "-i", $"sine=frequency=440:duration={seconds}", .. how, path]);

    private static async Task RunAsync(IEnumerable<string> arguments)
    {
        await using var ffmpeg = new ChildProcess(Programs.Ffmpeg, ["-loglevel", "error", "-nostdin", "-y", .. arguments]);
        await ffmpeg.WaitForSuccessAsync(120);
    }
}
