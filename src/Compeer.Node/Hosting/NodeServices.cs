using System.Net;
using System.Security.Cryptography.X509Certificates;
using Compeer.Content.Torrents;
using Compeer.Network.Outbound;
using Compeer.Node.Configuration;
using Compeer.Node.Intake;
using Compeer.Node.Security;
using Compeer.Node.State;
using Compeer.Node.Torrents;

namespace Compeer.Node.Hosting;

/// <summary>The parts of a running node, as its endpoints use them.</summary>
internal sealed record NodeServices(
    DataDirectory Data, NodeConfiguration Configuration, StateStore State, Access Access, TorrentClient Client, TorrentCatalogue Torrents, LiveFeed Feed,
    SpeedLimits Limits, WatchFolders WatchFolders, Feeds Feeds, JobBoard Jobs, NodeLog Log, ContentKeys ContentKeys, TimeProvider Time)
{
    /// <summary>The local address for peers; null means all.</summary>
    public IPAddress? Bind => IPAddress.TryParse(Configuration[NodeOptions.Bind], out IPAddress? bind) ? bind : null;

    /// <summary>The addresses of this node that a link may name.</summary>
    public async Task<string[]> LinkAddressesAsync(CancellationToken cancellationToken)
    {
        string[] reachable = await LinkAddresses.FindAsync(Client, Bind, cancellationToken);
        return [.. reachable, .. LinkAddresses.Seen(Client, reachable)];
    }

    /// <summary>For TLS; null where the API is plain, which it is on loopback only.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>Fetches what people's addresses name.</summary>
    public required PublicFetch Fetch { get; init; }

    /// <summary>The tracker that it runs for others.</summary>
    public required OwnTracker Tracker { get; init; }

    /// <summary>When the node was started.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>The version of the program.</summary>
    public static string Version { get; } = typeof(NodeServices).Assembly.GetName().Version?.ToString(3) ?? "0";
}
