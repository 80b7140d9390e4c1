using System.Globalization;
using System.Net;
using Compeer.Protocols.Proxies;
using Compeer.Protocols.Turn;

namespace Compeer.Node.Configuration;

/// <summary>The table of all options of the node: the one place that names them, their units, their defaults and what they do.</summary>
public static class NodeOptions
{
    public static NodeOption DownloadDirectory { get; } = new("download-directory", "Downloads", OptionKind.Path, "", "Download folder",
        "Where files go when an addition names no other place. Empty: Downloads in the home directory, or in the data directory where there is no home.");

    public static NodeOption LimitUp { get; } = new("limit-up", "Speed", OptionKind.Rate, "0", "Upload limit", "The most that is sent to peers in all; 0 is no limit.");

    public static NodeOption LimitDown { get; } = new("limit-down", "Speed", OptionKind.Rate, "0", "Download limit", "The most that is fetched from peers in all; 0 is no limit.");

    public static NodeOption MaxConnections { get; } = new("max-connections", "Speed", OptionKind.Int, "200", "Connections per torrent", "How many peers a torrent may be connected with.")
    {
        Min = 2, Max = 5000, NeedsRestart = true,
    };

    public static NodeOption UploadSlots { get; } = new("upload-slots", "Speed", OptionKind.Int, "8", "Upload slots per torrent", "How many peers of a torrent are served at a time.")
    {
        Min = 1, Max = 200, NeedsRestart = true,
    };

    public static NodeOption Bind { get; } = new("bind", "Network", OptionKind.Text, "", "Local address", "The address that peers are spoken to from; empty is all.")
    {
        NeedsRestart = true, Check = value => value.Length == 0 || IPAddress.TryParse(value, out _) ? null : "it must be an IP address such as 192.168.1.5",
    };

    public static NodeOption Port { get; } = new("port", "Network", OptionKind.Int, "0", "Port for peers", "The TCP and UDP port; 0 chooses one at first and keeps it.") { Max = 65535, NeedsRestart = true };

    public static NodeOption Encryption { get; } = new("encryption", "Network", OptionKind.Choice, "prefer", "Encryption of connections to peers", "prefer takes both kinds, require only encrypted ones, forbid only plain ones.")
    {
        Choices = ["prefer", "require", "forbid"], NeedsRestart = true,
    };

    public static NodeOption Utp { get; } = new("utp", "Network", OptionKind.Bool, "true", "Connect by uTP", "Peers are reached over UDP too, which gives way to other traffic.") { NeedsRestart = true };

    public static NodeOption Tcp { get; } = new("tcp", "Network", OptionKind.Bool, "true", "Connect by TCP", "Peers are reached over TCP.") { NeedsRestart = true };

    public static NodeOption Proxy { get; } = new("proxy", "Network", OptionKind.Text, "", "Proxy", "Everything goes through it and nothing past it: socks5://[USER:PASSWORD@]IP:PORT or http://...")
    {
        NeedsRestart = true, IsSecret = true, Check = value => value.Length == 0 || ProxyEndPoint.TryParse(value, out _, out string problem) ? null : problem,
    };

    public static NodeOption Relay { get; } = new("relay", "Network", OptionKind.Text, "", "Relay", "A TURN relay for peers that cannot be reached directly: turn:USER:PASSWORD@HOST[:PORT].")
    {
        NeedsRestart = true, IsSecret = true, Check = value => value.Length == 0 || (RelayUri.TryParse(value, out RelayUri? relay) && relay.IsRelay) ? null : "it must look like turn:ann:correct-horse@relay.example.org",
    };

    public static NodeOption Dht { get; } = new("dht", "Finding peers", OptionKind.Bool, "true", "Take part in the DHT", "Finds peers without a tracker.") { NeedsRestart = true };

    public static NodeOption DhtBootstrap { get; } = new("dht-bootstrap", "Finding peers", OptionKind.Text, "", "Entries to the DHT", "Where to join it, as HOST:PORT, separated by commas; empty is the public entries.")
    {
        NeedsRestart = true, Check = CheckHosts,
    };

    public static NodeOption Lan { get; } = new("lan", "Finding peers", OptionKind.Bool, "true", "Look on the local network", "Finds peers near by; never for private torrents.") { NeedsRestart = true };

    public static NodeOption PortMapping { get; } = new("port-mapping", "Finding peers", OptionKind.Bool, "true", "Ask the router for the port", "By PCP, NAT-PMP or UPnP, so that others can connect to this node.") { NeedsRestart = true };

    public static NodeOption Stun { get; } = new("stun", "Finding peers", OptionKind.Text, "", "STUN servers", "Asked for the public address, as HOST:PORT, separated by commas.") { NeedsRestart = true, Check = CheckHosts };

    public static NodeOption Tracker { get; } = new("tracker", "Tracker", OptionKind.Bool, "false", "Run a tracker", "Tells peers of each other, for torrents that name its address. Whoever reaches it may use it, and it learns who fetches what of them.");

    public static NodeOption TrackerHttp { get; } = new("tracker-http", "Tracker", OptionKind.Text, "[::]:6969", "Address of the tracker for HTTP", "IP:PORT; [::] is all addresses of this machine. Empty: it does not speak HTTP.") { Check = CheckListener };

    public static NodeOption TrackerUdp { get; } = new("tracker-udp", "Tracker", OptionKind.Text, "[::]:6969", "Address of the tracker for UDP", "IP:PORT; [::] is all addresses of this machine. Empty: it does not speak UDP.") { Check = CheckListener };

    public static NodeOption Api { get; } = new("api", "API and page", OptionKind.Text, "127.0.0.1:7373", "Address of the API and the page", "IP:PORT. Elsewhere than on loopback it speaks TLS only. Port 0 lets the system choose.")
    {
        NeedsRestart = true, Check = value => IPEndPoint.TryParse(value, out _) && value.Contains(':', StringComparison.Ordinal) ? null : "it must be an address with a port such as 127.0.0.1:7373",
    };

    public static NodeOption ApiHosts { get; } = new("api-hosts", "API and page", OptionKind.Text, "", "Names of this node", "Further host names under which browsers may call it, such as node.home.arpa, separated by commas; others are refused.") { NeedsRestart = true };

    public static NodeOption ApiCertificate { get; } = new("api-certificate", "API and page", OptionKind.Path, "", "Certificate", "A PEM file with certificate and key for TLS; empty makes one of its own where TLS is needed.") { NeedsRestart = true };

    public static NodeOption LogFormat { get; } = new("log-format", "Log", OptionKind.Choice, "text", "Form of the log", "Lines for people, or one JSON object a line.") { Choices = ["text", "json"], NeedsRestart = true };

    public static NodeOption LogLevel { get; } = new("log-level", "Log", OptionKind.Choice, "info", "How much is logged", "debug, info, warning or error.") { Choices = ["debug", "info", "warning", "error"] };

    public static NodeOption LogLevels { get; } = new("log-levels", "Log", OptionKind.Text, "", "How much of single areas", "AREA=LEVEL, separated by commas, such as api=debug.")
    {
        Check = value => value.Split(',', StringSplitOptions.RemoveEmptyEntries).All(e => e.Split('=') is [{ Length: > 0 }, "debug" or "info" or "warning" or "error"]) ? null : "each entry must be AREA=LEVEL with debug, info, warning or error",
    };

    public static NodeOption LogSize { get; } = new("log-size", "Log", OptionKind.Bytes, (8 << 20).ToString(CultureInfo.InvariantCulture), "Size of a log file", "A full one becomes node.log.1, and the one before it is deleted: the log takes at most twice this.") { Min = 64 << 10, Max = 1L << 30, NeedsRestart = true };

    public static NodeOption OtlpEndpoint { get; } = new("otlp-endpoint", "Log", OptionKind.Text, "", "Collector of figures",
        "Where figures are sent by OTLP over HTTP, such as http://127.0.0.1:4318/v1/metrics; empty sends none.")
    {
        NeedsRestart = true, Check = value => value.Length == 0 || (Uri.TryCreate(value, UriKind.Absolute, out Uri? url) && (url.Scheme == "http" || url.Scheme == "https")) ? null : "it must be an address such as http://127.0.0.1:4318/v1/metrics",
    };

    public static NodeOption OtlpInterval { get; } = new("otlp-interval", "Log", OptionKind.Duration, "60", "How often figures are sent", "The time between two sendings to the collector.") { Min = 1, Max = 86400, NeedsRestart = true };

    /// <summary>All of them, in the order in which people read them.</summary>
    public static IReadOnlyList<NodeOption> All { get; } =
    [
        DownloadDirectory, LimitUp, LimitDown, MaxConnections, UploadSlots, Bind, Port, Encryption, Utp, Tcp, Proxy, Relay,
        Dht, DhtBootstrap, Lan, PortMapping, Stun, Tracker, TrackerHttp, TrackerUdp, Api, ApiHosts, ApiCertificate, LogFormat, LogLevel, LogLevels, LogSize, OtlpEndpoint, OtlpInterval,
    ];

    /// <summary>The option of that name, or null.</summary>
    public static NodeOption? Find(string key) => All.FirstOrDefault(o => o.Key == key);

    private static string? CheckListener(string value) =>
        value.Length == 0 || (IPEndPoint.TryParse(value, out _) && value.Contains(':', StringComparison.Ordinal)) ? null : "it must be an address with a port such as 192.168.1.5:6969, or empty";

    private static string? CheckHosts(string value) =>
        value.Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).All(h => HostText.TryParse(h, out _)) ? null : "each entry must be a host with a port such as router.example.org:6881";
}
