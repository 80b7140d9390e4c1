using System.Collections.Immutable;
using System.Text.Json.Serialization;
using Compeer.Content.Torrents;
using Compeer.Node.State;

namespace Compeer.Node.Torrents;

/// <summary>A torrent in a list, as the API gives it. Sizes in bytes, rates in bytes per second.</summary>
public sealed record TorrentSummary
{
    private const int MaxNameLength = 300;

    public required string Id { get; init; }

    /// <summary>At most 300 characters.</summary>
    public required string Name { get; init; }

    /// <summary>metadata, preview, checking, downloading, seeding, paused, moving, diskFull, failed or stopped.</summary>
    public required string State { get; init; }

    public bool Asleep { get; init; }

    public long Size { get; init; }

    /// <summary>Number of files; 0 until it is known.</summary>
    public int Files { get; init; }

    public long Wanted { get; init; }

    public long Verified { get; init; }

    /// <summary>0..1.</summary>
    public double Progress { get; init; }

    public long DownRate { get; init; }

    public long UpRate { get; init; }

    public long Downloaded { get; init; }

    public long Uploaded { get; init; }

    public double Ratio { get; init; }

    public int Peers { get; init; }

    public int Seeds { get; init; }

    /// <summary>Seconds; null when unknown.</summary>
    public long? Eta { get; init; }

    /// <summary>Why it is as fast as it is, in a sentence.</summary>
    public string Why { get; init; } = "";

    public string? Problem { get; init; }

    public ImmutableArray<string> Labels { get; init; } = [];

    public DateTimeOffset AddedAt { get; init; }

    public DateTimeOffset? CompletedAt { get; init; }

    public required string Directory { get; init; }

    public bool Sequential { get; init; }

    public long DownLimit { get; init; }

    public long UpLimit { get; init; }

    /// <summary>Nothing of it moves, and nobody is connected.</summary>
    [JsonIgnore]
    public bool IsStill => (Asleep || State == "paused") && DownRate == 0 && UpRate == 0;

    /// <summary>As it is now.</summary>
    public static TorrentSummary Of(NodeTorrent torrent)
    {
        TorrentRecord record = torrent.Record;
        TorrentStatus? status = torrent.Running?.Status;
        long downloaded = torrent.Before.Downloaded + (status?.DownloadedBytes ?? 0);
        long uploaded = torrent.Before.Uploaded + (status?.UploadedBytes ?? 0);
        long size = status?.Metainfo?.ContentLength ?? record.Size;
        return new TorrentSummary
        {
            Id = torrent.Id,
            Name = Cut(status?.Name ?? record.Name ?? torrent.Id),
            State = StateOf(record, status),
            Asleep = status?.IsAsleep ?? false,
            Size = size,
            Files = status is { FileCount: > 0 and var files } ? files : record.Files,
            Wanted = status?.WantedBytes ?? 0,
            Verified = status?.VerifiedBytes ?? 0,
            Progress = Math.Round(status?.Fraction ?? 0, 5),
            DownRate = status?.DownRate ?? 0,
            UpRate = status?.UpRate ?? 0,
            Downloaded = downloaded,
            Uploaded = uploaded,
            Ratio = size > 0 ? Math.Round((double)uploaded / size, 4) : 0,
            Peers = status?.Peers ?? 0,
            Seeds = status?.Seeds ?? 0,
            Eta = (long?)status?.Remaining?.TotalSeconds,
            Why = status?.Why ?? "It is being opened.",
            Problem = status?.Problem ?? record.MoveProblem,
            Labels = record.Labels,
            AddedAt = record.AddedAt,
            CompletedAt = record.CompletedAt,
            Directory = record.Directory,
            Sequential = record.Sequential,
            DownLimit = record.DownLimit,
            UpLimit = record.UpLimit,
        };
    }

    /// <summary>What a stranger named at length is not sent again and again.</summary>
    private static string Cut(string name) => name.Length <= MaxNameLength ? name : name[..(char.IsHighSurrogate(name[MaxNameLength - 2]) ? MaxNameLength - 2 : MaxNameLength - 1)] + "…";

    private static string StateOf(TorrentRecord record, TorrentStatus? status) => status?.Phase switch
    {
        null => record.Paused ? "paused" : "checking",
        TorrentPhase.Failed => "failed",
        TorrentPhase.Stopped => "stopped",
        TorrentPhase.Moving => "moving",
        TorrentPhase.Paused => "paused",
        _ when record.Paused => "paused",
        TorrentPhase.FetchingMetadata => "metadata",
        TorrentPhase.WaitingForRoom => "diskFull",
        _ when record.Preview => "preview",
        TorrentPhase.Checking => "checking",
        TorrentPhase.Downloading => "downloading",
        _ => "seeding",
    };
}
