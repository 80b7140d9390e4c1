using System.Net;
using Compeer.Content.Torrents;
using Compeer.Network.MainlineDht;
using Compeer.Node.Configuration;
using Compeer.Node.Hosting;
using Compeer.Node.Torrents;
using Compeer.Protocols.PortMapping;

namespace Compeer.Node.Api;

/// <summary>The node in figures.</summary>
internal sealed record NodeView(
    string Name, string Version, DateTimeOffset StartedAt, bool FirstRun, string DownloadDirectory, long FreeBytes, int Port, long DownRate, long UpRate,
    long DownloadedBytes, long UploadedBytes, TorrentCounts Torrents, ReachabilityView Reachability, DhtView Dht, LimitPair Limits)
{
    public static NodeView Of(NodeServices services)
    {
        TorrentClient client = services.Client;
        TorrentTotals totals = services.Feed.Totals;
        DhtStatus? dht = client.Dht?.Status;
        string folder = services.Torrents.DownloadDirectory;
        return new NodeView(
            Environment.MachineName, NodeServices.Version, services.StartedAt,
            FirstRun: services.Torrents.Count == 0 && services.Configuration.Find(NodeOptions.DownloadDirectory).Source == OptionSource.Default,
            folder, FreeSpace.At(folder), client.LocalEndPoint.Port, totals.DownRate, totals.UpRate,
            totals.Downloaded, totals.Uploaded, TorrentCounts.Of(services.Torrents.Count, totals),
            ReachabilityView.Of(client), new DhtView(dht is not null, dht?.Nodes ?? 0),
            new LimitPair(services.Configuration.Number(NodeOptions.LimitUp), services.Configuration.Number(NodeOptions.LimitDown)));
    }
}

/// <summary>How many torrents are in which state.</summary>
internal sealed record TorrentCounts(int Total, int Downloading, int Seeding, int Paused, int Checking, int Failed)
{
    public static TorrentCounts Of(int total, TorrentTotals totals)
    {
        return new TorrentCounts(total, Count("downloading", "metadata"), Count("seeding"), Count("paused", "preview"), Count("checking", "moving"), Count("failed", "diskFull"));

        int Count(params ReadOnlySpan<string> states)
        {
            int count = 0;
            foreach (string state in states)
                count += totals.States.GetValueOrDefault(state);
            return count;
        }
    }
}

/// <summary>Whether others can connect to us, as far as is known without asking anybody.</summary>
internal sealed record ReachabilityView(string Verdict, string Words, string? Ipv4, string? Ipv6)
{
    public static ReachabilityView Of(TorrentClient client)
    {
        if (client.Policy.Describe() is { } proxy)
            return new ReachabilityView("no", proxy, null, null);
        string? v4 = client.PublicAddresses?.Current.V4?.Address.ToString();
        string? v6 = client.PublicAddresses?.Current.V6?.Address.ToString();
        IPEndPoint? mapped = client.PortMapping?.Status.ExternalOf(MappedProtocol.Tcp);
        DhtStatus? dht = client.Dht?.Status;
        if (dht is { StrangersHeardV4: > 0 } or { StrangersHeardV6: > 0 })
            return new ReachabilityView("yes", "Others reach this node: some have that it never wrote to.", v4, v6);
        if (mapped is not null)
            return new ReachabilityView("yes", $"The router passes {mapped} on to this node.", v4, v6);
        return new ReachabilityView("unknown", "Nobody has come from outside yet. The doctor can find out more.", v4, v6);
    }
}

/// <summary>The DHT in short.</summary>
internal sealed record DhtView(bool Enabled, int Nodes);

/// <summary>Limits in bytes per second; 0 is none.</summary>
internal sealed record LimitPair(long Up, long Down);

/// <summary>Room on a disk.</summary>
internal static class FreeSpace
{
    /// <summary>Bytes that may still be written at a path that need not exist yet; 0 when nobody can say.</summary>
    public static long At(string path)
    {
        string? existing = path;
        while (existing is not null && !Directory.Exists(existing))
            existing = Path.GetDirectoryName(existing);
        try
        {
            return existing is null ? 0 : new DriveInfo(existing).AvailableFreeSpace;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or ArgumentException)
        {
            return 0;
        }
    }
}
