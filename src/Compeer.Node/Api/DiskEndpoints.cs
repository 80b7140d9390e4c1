using Compeer.Formats.Torrents;
using Compeer.Node.Hosting;
using Compeer.Node.Torrents;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;

namespace Compeer.Node.Api;

/// <summary>This machine's folders, files dropped on the page, and torrents made of them.</summary>
internal sealed class DiskEndpoints(NodeServices services)
{
    private const int MaxEntries = 5000;

    private readonly Sharing _sharing = new(services.Torrents, services.LinkAddressesAsync, services.Data.Root);

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/folders", List);
        api.MapPost("/uploads/{name}", UploadAsync).Produces<UploadView>(201);
        api.MapPost("/create", Create).Produces<JobStarted>(202);
        api.MapGet("/jobs/{job}", (string job) => services.Jobs.Find(job) is { } found
            ? new JobView(found.State, found.Fraction, found.Detail, found.Result as string ?? (found.Result as Shared)?.Torrent, (found.Result as Shared)?.Link, found.Result is Shared ? null : found.Result)
            : throw new NotFoundException($"There is no job {job}; it may have been forgotten."));
    }

    private static FolderView List(string? path)
    {
        var info = new DirectoryInfo(PathText.FullOrNone(path) ?? Environment.GetFolderPath(Environment.SpecialFolder.UserProfile));
        try
        {
            if (!info.Exists)
                throw new NotFoundException($"There is no folder '{info.FullName}'.");
            FileSystemInfo[] entries = [.. info.EnumerateFileSystemInfos("*", new EnumerationOptions { IgnoreInaccessible = true, AttributesToSkip = FileAttributes.Hidden | FileAttributes.System }).Take(MaxEntries).OrderBy(e => e.Name, StringComparer.OrdinalIgnoreCase)];
            return new FolderView(info.FullName, info.Parent?.FullName, [.. entries.OfType<DirectoryInfo>().Select(d => d.Name)], [.. entries.OfType<FileInfo>().Where(f => f.Exists).Select(f => new FileEntry(f.Name, f.Length))]);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new NodeException(NodeFailure.BadInput, $"The folder '{info.FullName}' cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Streams a body into the download folder, under a name that nothing has yet; it gets the name when it is whole.</summary>
    private async Task<IResult> UploadAsync(string name, HttpContext context, CancellationToken cancellationToken)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = null;
        string folder = services.Torrents.DownloadDirectory;
        string target = Path.Combine(folder, SafePath.SanitiseElement(name));
        string part = Path.Combine(folder, $".{Guid.NewGuid():n}.part");
        try
        {
            Directory.CreateDirectory(folder);
            await using (var file = new FileStream(part, FileMode.CreateNew, FileAccess.Write))
                await context.Request.Body.CopyToAsync(file, cancellationToken);
            for (int number = 2; File.Exists(target) || Directory.Exists(target); number++)
                target = Path.Combine(folder, $"{Path.GetFileNameWithoutExtension(target)} {number}{Path.GetExtension(target)}");
            File.Move(part, target);
            return ApiJson.Answer(new UploadView(target), 201);
        }
        catch (Exception e) when (e is UnauthorizedAccessException or IOException and not BadHttpRequestException)
        {
            throw new NodeException(NodeFailure.Disk, $"'{target}' cannot be written: {e.Message}", e);
        }
        finally
        {
            File.Delete(part);
        }
    }

    private IResult Create(NewShare share)
    {
        Sharing.Check(share);
        string job = services.Jobs.Begin(async (progress, cancellationToken) =>
        {
            (NodeTorrent torrent, string link) = await _sharing.ShareAsync(share, progress, cancellationToken);
            return new Shared(torrent.Id, link);
        });
        return ApiJson.Answer(new JobStarted(job), 202);
    }

    private sealed record Shared(string Torrent, string Link);

    internal sealed record FileEntry(string Name, long Size);

    internal sealed record FolderView(string Path, string? Parent, IReadOnlyList<string> Folders, IReadOnlyList<FileEntry> Files);

    internal sealed record UploadView(string Path);

    internal sealed record JobStarted(string Job);

    internal sealed record JobView(string State, double Fraction, string? Detail, string? Torrent, string? Link, object? Result);
}
