using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Compeer.Content.Torrents;
using Compeer.Formats.Hashing;
using Compeer.Network;
using Compeer.Network.PortMapping;
using Compeer.Network.Turn;
using Compeer.Node.Doctor;
using Compeer.Protocols.Connecting;
using Compeer.Protocols.PortMapping;

namespace Compeer.Cli.Output;

/// <summary>One JSON object a line on standard output; the property "event" tells which.</summary>
internal sealed class JsonReporter(TextWriter output) : IReporter
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Lock _lock = new();

    public void Sharing(SharingReport report) => Write("sharing", new JsonObject
    {
        ["name"] = report.Name,
        ["link"] = report.Link,
        ["v1"] = report.InfoHashes.V1?.ToString(),
        ["v2"] = report.InfoHashes.V2?.ToString(),
        ["bytes"] = report.LengthBytes,
        ["files"] = report.Files,
        ["torrent"] = report.TorrentFile,
        ["daemon"] = report.DaemonId,
        ["addresses"] = new JsonArray([.. report.Addresses.Select(a => JsonValue.Create(a))]),
        ["trackers"] = new JsonArray([.. report.Trackers.Select(t => JsonValue.Create(t))]),
    });

    public void Metadata(MetadataReport report) => Write("metadata", new JsonObject
    {
        ["name"] = report.Name,
        ["v1"] = report.InfoHashes.V1?.ToString(),
        ["v2"] = report.InfoHashes.V2?.ToString(),
        ["bytes"] = report.LengthBytes,
        ["files"] = report.Files,
        ["pieces"] = report.Pieces,
        ["pieceBytes"] = report.PieceLengthBytes,
    });

    public void Progress(TorrentStatus status) => Write("progress", Describe(status));

    public void Event(TorrentEvent happened)
    {
        switch (happened)
        {
            case PeerConnected peer:
                Peer(
                    peer.Address.ToString(), peer.Client, "connected", peer.Way.Describe(peer.Incoming),
                    ("path", peer.Way.ToString()), ("encrypted", peer.Encrypted), ("source", peer.Sources.Describe()));
                break;
            case PeerUnreachable peer:
                Peer(peer.Address.ToString(), "", "unreachable", peer.Reason);
                break;
            case PeerClosed peer:
                Peer(peer.Address.ToString(), peer.Client, "closed", peer.Reason);
                break;
            case PeerBanned peer:
                Peer(peer.Address.ToString(), peer.Client, "banned", peer.Reason);
                break;
            case DhtLookedUp dht:
                Write("dht", new JsonObject
                {
                    ["nodes"] = dht.Nodes,
                    ["asked"] = dht.Report.Asked,
                    ["replied"] = dht.Report.Replied,
                    ["hops"] = dht.Report.Hops,
                    ["peers"] = dht.Report.Peers,
                    ["stored"] = dht.Report.Stored,
                });
                break;
            case WebSeedChanged seed:
                Write("peer", new JsonObject { ["address"] = seed.Address, ["client"] = "web seed", ["path"] = "web seed", ["state"] = seed.State, ["reason"] = seed.Reason });
                break;
            case TorrentProblem problem:
                Note(problem.Message);
                break;
        }
    }

    public void PortMapping(PortMappingStatus status)
    {
        if (!status.IsSettled || status.Routers.IsEmpty)
            return;
        IEnumerable<JsonNode?> mappings = status.Routers.SelectMany(router => router.Mappings.Select(mapping => (JsonNode?)new JsonObject
        {
            ["protocol"] = mapping.Protocol == MappedProtocol.Tcp ? "tcp" : "udp",
            ["way"] = router.Way.NameOf(),
            ["external"] = router.ExternalOf(mapping.Protocol)?.ToString(),
            ["port"] = mapping.InternalPort,
            ["leaseSeconds"] = mapping.LeaseEnds is { } ends ? (long)(ends - MonotonicClock.Now).TotalSeconds : null,
        }));
        Write("port-mapping", new JsonObject
        {
            ["state"] = status.Routers.Any(r => r.Mappings.Length > 0) ? "mapped" : "unmapped",
            ["way"] = status.Way == PortMappingWays.None ? null : status.Way.NameOf(),
            ["external"] = status.ExternalOf(MappedProtocol.Tcp)?.ToString(),
            ["mappings"] = new JsonArray([.. mappings]),
            ["details"] = new JsonArray([.. status.Describe(MonotonicClock.Now).Select(line => JsonValue.Create(line))]),
        });
    }

    public void Relay(RelayStatus status)
    {
        if (status is not { Relayed: null, Problem: null })
            Write("relay", new JsonObject { ["relayed"] = status.Relayed?.ToString(), ["problem"] = status.Problem });
    }

    public void Complete(TorrentStatus status, string directory)
    {
        JsonObject values = Describe(status);
        values["directory"] = directory;
        Write("complete", values);
    }

    public void Published(long version, Sha1Hash infoHash, int nodes) => Write("version", new JsonObject
    {
        ["version"] = version, ["infoHash"] = infoHash.ToString(), ["nodes"] = nodes,
    });

    public void Note(string message) => Write("note", new JsonObject { ["message"] = message });

    public void Error(string message, int exitCode) => Write("error", new JsonObject { ["message"] = message, ["code"] = exitCode });

    public void Dispose() => output.Flush();

    private static JsonObject Describe(TorrentStatus status) => new()
    {
        ["phase"] = JsonNamingPolicy.CamelCase.ConvertName(status.Phase.ToString()),
        ["percent"] = Math.Round(100 * status.Fraction, 2),
        ["wantedBytes"] = status.WantedBytes,
        ["verifiedBytes"] = status.VerifiedBytes,
        ["verifiedPieces"] = status.VerifiedPieces,
        ["rehashedBytes"] = status.RehashedBytes,
        ["corruptBytes"] = status.CorruptBytes,
        ["downloadedBytes"] = status.DownloadedBytes,
        ["uploadedBytes"] = status.UploadedBytes,
        ["downRate"] = status.DownRate,
        ["upRate"] = status.UpRate,
        ["peers"] = status.Peers,
        ["seeds"] = status.Seeds,
        ["webSeeds"] = status.WebSeeds,
        ["webSeedBytes"] = status.WebSeedBytes,
        ["webSeedProblem"] = status.WebSeedMessage,
        ["publicAddresses"] = DoctorJson.Describe(status.PublicAddresses),
        ["relayedBytes"] = status.RelayedBytes,
        ["knownPeers"] = status.PeersExplained,
        ["tracker"] = status.TrackerMessage,
        ["problem"] = status.Problem,
    };

    private void Peer(string address, string client, string state, string reason, params ReadOnlySpan<(string Name, JsonNode Value)> more)
    {
        var values = new JsonObject { ["address"] = address, ["client"] = client, ["state"] = state, ["reason"] = reason };
        foreach ((string name, JsonNode value) in more)
            values[name] = value;
        Write("peer", values);
    }

    private void Write(string name, JsonObject values)
    {
        values.Insert(0, "event", name);
        lock (_lock)
        {
            output.WriteLine(values.ToJsonString(Options));
            output.Flush();
        }
    }
}
