namespace Compeer.Node.Api;

/// <summary>The types under which files of torrents are given to browsers: a fixed list, without anything that a browser would run.</summary>
internal static class MediaTypes
{
    private const string Unknown = "application/octet-stream";

    private static readonly Dictionary<string, string> Known = new(StringComparer.OrdinalIgnoreCase)
    {
        [".mp4"] = "video/mp4", [".m4v"] = "video/mp4", [".webm"] = "video/webm", [".mkv"] = "video/x-matroska", [".mov"] = "video/quicktime", [".ogv"] = "video/ogg", [".avi"] = "video/x-msvideo",
        [".mp3"] = "audio/mpeg", [".m4a"] = "audio/mp4", [".ogg"] = "audio/ogg", [".oga"] = "audio/ogg", [".opus"] = "audio/ogg", [".flac"] = "audio/flac", [".wav"] = "audio/wav", [".aac"] = "audio/aac",
        [".png"] = "image/png", [".jpg"] = "image/jpeg", [".jpeg"] = "image/jpeg", [".gif"] = "image/gif", [".webp"] = "image/webp", [".avif"] = "image/avif", [".bmp"] = "image/bmp",
        [".vtt"] = "text/vtt", [".srt"] = "text/plain; charset=utf-8", [".txt"] = "text/plain; charset=utf-8", [".md"] = "text/plain; charset=utf-8", [".nfo"] = "text/plain; charset=utf-8", [".csv"] = "text/plain; charset=utf-8",
        [".json"] = "text/plain; charset=utf-8", [".log"] = "text/plain; charset=utf-8", [".pdf"] = "application/pdf", [".zip"] = "application/zip",
    };

    /// <summary>The type of a file, by the end of its name.</summary>
    public static string Of(string path) => Known.GetValueOrDefault(Path.GetExtension(path), Unknown);
}
