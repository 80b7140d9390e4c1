using System.Net;
using System.Text.Json.Nodes;
using Compeer.Content.Torrents;
using Compeer.Network.Connections;
using Compeer.Network.MainlineDht;
using Compeer.Network.PortMapping;
using Compeer.Node.Configuration;
using Compeer.Node.Doctor;
using Compeer.Node.Hosting;
using Compeer.Node.Torrents;
using Compeer.Protocols.MainlineDht;
using Compeer.Protocols.PortMapping;
using Compeer.Protocols.Reachability;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Compeer.Node.Api;

/// <summary>How the node stands in the network, the doctor's examination, and the log.</summary>
internal sealed class NetworkEndpoints(NodeServices services)
{
    private const int MaxPeers = 500;
    private static readonly TimeSpan DoctorPatience = TimeSpan.FromSeconds(15);

    public void Map(IEndpointRouteBuilder api)
    {
        api.MapGet("/network", DescribeAsync);
        api.MapGet("/network/dht", DescribeDhtAsync);
        api.MapPost("/doctor", () => ApiJson.Answer(new DiskEndpoints.JobStarted(services.Jobs.Begin(ExamineAsync)), 202)).Produces<DiskEndpoints.JobStarted>(202);
        api.MapGet("/log", (int? tail, string? level, string? area) => new LogTail(services.Log.Tail(Math.Clamp(tail ?? 200, 1, 1000), Enum.TryParse(level, ignoreCase: true, out LogLevel least) ? least : LogLevel.Debug, area)));
    }

    private async Task<NetworkView> DescribeAsync(CancellationToken cancellationToken)
    {
        TorrentClient client = services.Client;
        DhtStatus? dht = client.Dht?.Status;
        IPEndPoint? mapped = client.PortMapping?.Status.ExternalOf(MappedProtocol.Tcp);
        string mapping = client.PortMapping is null ? "off" : mapped is not null ? "mapped" : client.PortMapping.Status.IsSettled ? "refused" : "asking";
        string words = mapping switch
        {
            "off" => "No router is asked.",
            "mapped" => $"The router passes {mapped} on to this node.",
            "asking" => "The router is being asked.",
            _ => "No router passes the port on. Forward it by hand, or switch UPnP on in the router.",
        };
        var peers = new List<NetworkPeer>();
        var ways = new List<(string Way, bool Incoming)>();
        foreach (NodeTorrent torrent in services.Torrents.All.Where(t => t.Summary.Peers > 0).Take(MaxPeers))
        {
            if (torrent.Running is not { } running)
                continue;
            foreach (PeerDetails peer in (await running.GetDetailsAsync(cancellationToken)).Peers)
            {
                ways.Add((peer.Way, peer.Incoming));
                if (peers.Count < MaxPeers)
                    peers.Add(new NetworkPeer(peer.EndPoint, peer.Client, torrent.Id, peer.Way, peer.DownRate, peer.UpRate));
            }
        }
        ReachabilityView reachability = ReachabilityView.Of(client);
        return new NetworkView(
            [.. LocalAddresses.ByInterface().Where(a => !IPAddress.IsLoopback(a.Address)).Select(a => a.Address.ToString()).Distinct()], client.LocalEndPoint.Port,
            new NetworkReachability(reachability.Verdict, reachability.Words, reachability.Ipv4, reachability.Ipv6, reachability.Verdict == "yes" ? [] : ["Let the doctor examine this node: it asks around and says what to do."]),
            new MappingView(mapping, words),
            new NetworkDht(dht is not null, dht?.NodesV4 ?? 0, dht?.NodesV6 ?? 0, dht is null ? "The DHT is off." : dht.Nodes == 0 ? "No node is known yet." : $"{dht.Nodes} nodes are known."),
            client.Relay?.Status.Relayed?.ToString(), services.Tracker.Status,
            new ConnectionCounts(ways.Count(w => w.Way == "tcp"), ways.Count(w => w.Way == "utp"), ways.Count(w => w.Way == "punched"), ways.Count(w => w.Way == "relayed"), ways.Count(w => w.Incoming)), peers);
    }

    /// <summary>The routing table: who is known how near to our own id. Bounded by the table itself.</summary>
    private async Task<DhtTableView> DescribeDhtAsync(CancellationToken cancellationToken)
    {
        if (services.Client.Dht is not { } dht)
            return new DhtTableView([]);
        return new DhtTableView([.. (await dht.GetTablesAsync(cancellationToken)).Select(table => new DhtFamily(
            table.IsV6 ? "ipv6" : "ipv4", table.Id.ToString(),
            [.. table.Contacts.GroupBy(c => c.SharedBits).OrderBy(g => g.Key).Select(g => new DhtRow(g.Key, [.. g.OrderBy(c => c.State).ThenBy(c => c.RoundTrip).Select(c => new DhtNodeView(
                c.EndPoint.ToString(), c.State, (int)c.RoundTrip.TotalMilliseconds, (int)c.SinceReply.TotalSeconds))]))]))]);
    }

    private async Task<object> ExamineAsync(Action<double> progress, CancellationToken cancellationToken)
    {
        DnsEndPoint[] stun = HostText.ParseAll(services.Configuration[NodeOptions.Stun]);
        var doctor = new NodeDoctor(services.Client, services.Bind, stun, DoctorPatience);
        DoctorFindings found = await doctor.ExamineAsync(cancellationToken);
        ReachabilityVerdict verdict = found.Verdict;
        List<Finding> findings =
        [
            Of("Others connect to this node over IPv4", verdict.DirectIn), Of("Others connect to this node over IPv6", verdict.DirectInV6),
            Of("This node connects to others", verdict.DirectOut), Of("Holes can be punched", verdict.HolePunching), Of("A relay passes traffic on", verdict.Relay),
            .. verdict.Advice.Select(a => new Finding(false, "Advice", a, a)),
        ];
        return new DoctorResult(findings, DoctorJson.Describe(found), [.. DoctorText.Lines(found)]);

        static Finding Of(string title, Way way) => new(way.Outlook >= Outlook.Likely, title, way.Reason, null);
    }

    internal sealed record LogTail(IReadOnlyList<LogLine> Items);

    internal sealed record Finding(bool Ok, string Title, string Detail, string? Advice);

    /// <param name="Findings">The verdict, way by way, and advice.</param>
    /// <param name="Report">All that was seen, for programs.</param>
    /// <param name="Lines">The same for people.</param>
    internal sealed record DoctorResult(IReadOnlyList<Finding> Findings, JsonObject Report, IReadOnlyList<string> Lines);

    internal sealed record NetworkReachability(string Verdict, string Words, string? Ipv4, string? Ipv6, IReadOnlyList<string> Advice);

    internal sealed record MappingView(string State, string Words);

    internal sealed record NetworkDht(bool Enabled, int Nodes4, int Nodes6, string Words);

    internal sealed record DhtTableView(IReadOnlyList<DhtFamily> Families);

    /// <param name="Family">"ipv4" or "ipv6": each has a table of its own.</param>
    /// <param name="Id">Our id there, 40 hex digits.</param>
    /// <param name="Rows">Known nodes by how near they are, the farthest first; distances at which nobody is known are left out.</param>
    internal sealed record DhtFamily(string Family, string Id, IReadOnlyList<DhtRow> Rows);

    /// <param name="SharedBits">Leading bits that these nodes' ids share with ours: each more halves how many nodes there can be.</param>
    /// <param name="Nodes">Those known.</param>
    internal sealed record DhtRow(int SharedBits, IReadOnlyList<DhtNodeView> Nodes);

    internal sealed record DhtNodeView(string EndPoint, DhtContactState State, int RoundTripMilliseconds, int SecondsSinceReply);

    internal sealed record ConnectionCounts(int Tcp, int Utp, int Punched, int Relayed, int Incoming);

    internal sealed record NetworkPeer(string EndPoint, string Client, string Torrent, string Way, long DownRate, long UpRate);

    internal sealed record NetworkView(
        IReadOnlyList<string> Addresses, int Port, NetworkReachability Reachability, MappingView PortMapping, NetworkDht Dht, string? Relay, OwnTrackerStatus Tracker, ConnectionCounts Connections, IReadOnlyList<NetworkPeer> Peers);
}
