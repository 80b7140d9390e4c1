using System.Globalization;
using System.Text.Json;

namespace Compeer.InteropTests.Lab;

/// <summary>
/// A home router: a namespace with one cable to the network's bridge ("the Internet") and a bridge of its own with hosts
/// behind it. It counts what it passes by remote address and protocol, so that a test can prove which way bytes went.
/// What comes from outside without being asked for is dropped in silence, as home routers do.
/// </summary>
public sealed class LabRouter
{
    private const string Inside = "in0";
    private const string Outside = "e0";

    /// <summary>The port that <see cref="NatKind.PortChanging"/> changes, and what it makes of it.</summary>
    private const int ChangedPort = 7001, ChangedPortOutside = 17001;

    private readonly LabHost _outside;
    private readonly string _home;

    private LabRouter(LabHost outside, NatKind kind, int number)
    {
        _outside = outside;
        Kind = kind;
        _home = string.Create(CultureInfo.InvariantCulture, $"192.168.{number}");
    }

    public NatKind Kind { get; }

    /// <summary>Its address on the Internet: where the hosts behind it seem to be, unless it is <see cref="NatKind.Open"/>.</summary>
    public string Address => _outside.Address;

    /// <summary>"10.x.y.z:port": how a port of <paramref name="host"/> looks from outside where it looks the same for everybody.</summary>
    public string PublicAt(LabHost host, int port) =>
        Kind == NatKind.Open ? host.At(port) : _outside.At(Kind == NatKind.PortChanging && port == ChangedPort ? ChangedPortOutside : port);

    /// <summary>The address under which <paramref name="host"/> is seen from outside.</summary>
    public string PublicAddressOf(LabHost host) => Kind == NatKind.Open ? host.Address : Address;

    /// <summary>Turns a host on the bridge into a router.</summary>
    internal static async Task<LabRouter> CreateAsync(LabHost outside, NatKind kind, int number)
    {
        Prerequisites.Demand(Needs.Masquerade);
        var router = new LabRouter(outside, kind, number);
        await LabTool.RunAsync("ip", ["-n", outside.Namespace, "-batch", "-"], $"link add {Inside} type bridge\naddr add {router._home}.254/24 dev {Inside}\nlink set {Inside} up\n");
        await LabTool.RunInAsync(outside.Namespace, "sysctl", ["-qw", "net.ipv4.ip_forward=1", $"net.ipv4.conf.all.proxy_arp={(kind == NatKind.Open ? 1 : 0)}", $"net.ipv4.neigh.{Inside}.proxy_delay=0", $"net.ipv4.neigh.{Outside}.proxy_delay=0"]);
        await LabTool.RunInAsync(outside.Namespace, "nft", ["-f", "-"], router.Rules);
        return router;
    }

    /// <summary>Adds a host behind it.</summary>
    public Task<LabHost> AddHostAsync() => _outside.Network.AddHostBehindAsync(this);

    /// <summary>What passed so far between the hosts behind it and <paramref name="remoteAddress"/>.</summary>
    public async Task<RouterTraffic> TrafficWithAsync(string remoteAddress)
    {
        using JsonDocument table = JsonDocument.Parse(await LabTool.RunInAsync(_outside.Namespace, "nft", ["-j", "list", "table", "inet", "lab"]));
        JsonElement[] entries = [.. table.RootElement.GetProperty("nftables").EnumerateArray()];
        return new RouterTraffic(Bytes(entries, "sent", remoteAddress, "tcp"), Bytes(entries, "sent", remoteAddress, "udp"), Bytes(entries, "received", remoteAddress, "tcp"), Bytes(entries, "received", remoteAddress, "udp"));
    }

    /// <summary>Packets from outside that nobody inside had asked for, and that were dropped.</summary>
    public async Task<long> UnsolicitedAsync()
    {
        using JsonDocument counter = JsonDocument.Parse(await LabTool.RunInAsync(_outside.Namespace, "nft", ["-j", "list", "counter", "inet", "lab", "unsolicited"]));
        return counter.RootElement.GetProperty("nftables").EnumerateArray().First(e => e.TryGetProperty("counter", out _)).GetProperty("counter").GetProperty("packets").GetInt64();
    }

    /// <summary>Gives a new host its cable and address; <paramref name="n"/> is its number in the network.</summary>
    internal async Task<string> ConnectAsync(string hostNamespace, int n, string bridgePrefix)
    {
        string device = string.Create(CultureInfo.InvariantCulture, $"h{n}");
        string address = string.Create(CultureInfo.InvariantCulture, $"{(Kind == NatKind.Open ? bridgePrefix : _home + ".")}{n}");
        await LabTool.RunAsync("ip", ["-n", _outside.Namespace, "-batch", "-"], $"link add {device} type veth peer name e0 netns {hostNamespace}\nlink set {device} master {Inside} up\n");
        // An open router answers for its hosts on the bridge, and for everybody on the bridge to its hosts (proxy ARP).
        string route = Kind == NatKind.Open ? "" : $"route add default via {_home}.254\n";
        await LabTool.RunAsync("ip", ["-n", hostNamespace, "-batch", "-"], $"addr add {address}/24 dev e0\nlink set lo up\nlink set e0 up\n{route}");
        if (Kind == NatKind.Open)
            await LabTool.RunAsync("ip", ["-n", _outside.Namespace, "route", "add", address + "/32", "dev", Inside]);
        if (Kind == NatKind.AddressRestricted)
            await LabTool.RunInAsync(_outside.Namespace, "nft", ["add", "element", "inet", "lab", "inside", "{", "0", ":", address, "}"]);
        return address;
    }

    private string Rules => $$"""
        table inet lab {
            counter unsolicited { }
            set sent { type ipv4_addr . inet_proto; size 4096; flags dynamic; }
            set received { type ipv4_addr . inet_proto; size 4096; flags dynamic; }
            set sentTo { type ipv4_addr; size 4096; flags dynamic; }
            map inside { type mark : ipv4_addr; }
            chain forward {
                type filter hook forward priority 0; policy drop;
                {{(Kind == NatKind.AddressRestricted ? $"iifname \"{Inside}\" update @sentTo {{ ip daddr }}\nct status dnat update @received {{ ip saddr . meta l4proto counter }} accept" : "")}}
                iifname "{{Inside}}" update @sent { ip daddr . meta l4proto counter } accept
                {{(Kind == NatKind.Open ? "" : "ct state established,related ")}}update @received { ip saddr . meta l4proto counter } accept
                counter name "unsolicited" drop
            }
            chain input {
                type filter hook input priority 0; policy accept;
                iifname "{{Outside}}" ct state new counter name "unsolicited" drop
            }
            chain in {
                type nat hook prerouting priority -100; policy accept;
                {{(Kind == NatKind.AddressRestricted ? $"iifname \"{Outside}\" ip saddr @sentTo dnat ip to meta mark map @inside" : "")}}
            }
            chain out {
                type nat hook postrouting priority 100; policy accept;
                {{Kind switch
                {
                    NatKind.PortKeeping or NatKind.AddressRestricted => $"oifname \"{Outside}\" masquerade",
                    NatKind.PortChanging => $"oifname \"{Outside}\" meta l4proto {{ tcp, udp }} th sport {ChangedPort} masquerade to :{ChangedPortOutside}\noifname \"{Outside}\" masquerade",
                    NatKind.FullyRandom => $"oifname \"{Outside}\" masquerade fully-random",
                    _ => "",
                }}}
            }
        }
        """;

    private static long Bytes(JsonElement[] entries, string set, string address, string protocol)
    {
        JsonElement found = entries.First(e => e.TryGetProperty("set", out JsonElement s) && s.GetProperty("name").GetString() == set).GetProperty("set");
        if (!found.TryGetProperty("elem", out JsonElement elements))
            return 0;
        foreach (JsonElement wrapped in elements.EnumerateArray())
        {
            JsonElement element = wrapped.GetProperty("elem");
            JsonElement[] key = [.. element.GetProperty("val").GetProperty("concat").EnumerateArray()];
            if (key[0].GetString() == address && key[1].ToString() == protocol)
                return element.GetProperty("counter").GetProperty("bytes").GetInt64();
        }
        return 0;
    }
}
