using Compeer.Content.Torrents;
using Compeer.Node.Configuration;
using Compeer.Node.Security;
using Compeer.Node.State;
using Compeer.Node.Torrents;

namespace Compeer.Node.Hosting;

/// <summary>The parts of a running node, as its endpoints use them.</summary>
internal sealed record NodeServices(
    DataDirectory Data, NodeConfiguration Configuration, StateStore State, Access Access, TorrentClient Client, TorrentCatalogue Torrents, LiveFeed Feed,
    SpeedLimits Limits, JobBoard Jobs, TimeProvider Time)
{
    /// <summary>When the node was started.</summary>
    public DateTimeOffset StartedAt { get; init; }

    /// <summary>The version of the program.</summary>
    public static string Version { get; } = typeof(NodeServices).Assembly.GetName().Version?.ToString(3) ?? "0";
}
