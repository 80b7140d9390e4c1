using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Compeer.InteropTests.Lab;

/// <summary>
/// A home router with Debian's miniupnpd: a network of its own inside, one public address outside, masquerading, and everything
/// from outside dropped that is neither asked for nor mapped. It speaks UPnP-IGD, NAT-PMP and PCP.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "The network owns the processes of its hosts and ends them.")]
public sealed class UpnpRouter
{
    /// <summary>The address outside. It must not look private or reserved: miniupnpd would refuse to map.</summary>
    public const string ExternalAddress = "44.128.7.1";

    /// <summary>The longest lease by NAT-PMP and PCP, so that renewals come soon.</summary>
    public const int MaxLeaseSeconds = 20;

    private const string Inside = "in0";
    private const string InsideAddress = "192.168.77.1";

    private readonly LabHost _host;
    private readonly string _directory;
    private LabProcess? _daemon;
    private int _hosts = 9;

    private UpnpRouter(LabHost host)
    {
        _host = host;
        _directory = host.Network.NewDirectory($"upnp{host.Network.NextNumber()}");
    }

    private string LeaseFile => Path.Combine(_directory, "leases");

    /// <summary>Makes the router and starts miniupnpd. <paramref name="outside"/> learn the way to its address.</summary>
    public static async Task<UpnpRouter> StartAsync(LabNetwork network, params LabHost[] outside)
    {
        Prerequisites.Demand(Needs.Miniupnpd);
        var router = new UpnpRouter(await network.AddHostAsync());
        await router.RunAsync("ip", ["-batch", "-"], $"link add {Inside} type bridge\naddr add {InsideAddress}/24 dev {Inside}\nlink set {Inside} up\naddr add {ExternalAddress}/32 dev e0\n");
        await router.RunAsync("sysctl", ["-qw", "net.ipv4.ip_forward=1"]);
        foreach (LabHost host in outside)
            await RunInAsync(host, "ip", ["route", "add", ExternalAddress, "via", router._host.Address]);
        await router.BootAsync();
        return router;
    }

    /// <summary>Adds a host behind it, whose default gateway it is.</summary>
    public async Task<LabHost> AddHostAsync()
    {
        LabHost host = await _host.Network.AddHostAsync();
        string address = string.Create(CultureInfo.InvariantCulture, $"192.168.77.{++_hosts}"), device = string.Create(CultureInfo.InvariantCulture, $"h{_hosts}");
        await RunInAsync(host, "ip", ["link", "del", "e0"]);
        await RunAsync("ip", ["-batch", "-"], $"link add {device} type veth peer name e0 netns {host.Namespace}\nlink set {device} master {Inside} up\n");
        await RunInAsync(host, "ip", ["-batch", "-"], $"addr add {address}/24 dev e0\nlink set e0 up\nroute add default via {InsideAddress}\n");
        return host with { Address = address };
    }

    /// <summary>Loses every mapping, as a router does that is switched off and on.</summary>
    public async Task RebootAsync()
    {
        await _daemon!.DisposeAsync();
        File.Delete(LeaseFile);
        await BootAsync();
    }

    /// <summary>What the kernel passes on now: the rules that miniupnpd has made.</summary>
    public Task<string> RulesAsync() => RunAsync("nft", ["list", "chain", "inet", "filter", "prerouting_miniupnpd"]);

    /// <summary>Waits until the kernel's rules are as wanted.</summary>
    public async Task WaitForRulesAsync(Func<string, bool> fits, string what, TimeSpan timeout)
    {
        using var limit = new CancellationTokenSource(timeout);
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        string rules;
        while (!fits(rules = await RulesAsync()))
        {
            if (limit.IsCancellationRequested || !await pause.WaitForNextTickAsync())
                throw new LabException($"{what}: not within {timeout.TotalSeconds:0} s. The rules are\n{rules}\n{_daemon!.Said}");
        }
    }

    /// <summary>Whether rules pass a port of the outside on to a host. miniupnpd names the protocol by its number in the IP header.</summary>
    public static bool Maps(string rules, string protocol, int externalPort, LabHost host, int port) => rules.Split('\n').Any(line =>
        line.Contains($"dport {externalPort} ", StringComparison.Ordinal)
        && line.Contains(protocol == "tcp" ? " 0x6 " : " 0x11 ", StringComparison.Ordinal)
        && line.Contains($"dnat ip to {host.Address}:{port}", StringComparison.Ordinal));

    private async Task BootAsync()
    {
        await RunAsync("nft", ["-f", "-"], Rules);
        string config = Path.Combine(_directory, "miniupnpd.conf");
        await File.WriteAllTextAsync(config, $"""
            ext_ifname=e0
            ext_ip={ExternalAddress}
            listening_ip={Inside}
            port=5000
            enable_upnp=yes
            enable_natpmp=yes
            min_lifetime=10
            max_lifetime={MaxLeaseSeconds}
            lease_file={LeaseFile}
            secure_mode=yes
            system_uptime=no
            upnp_table_name=filter
            upnp_nat_table_name=filter
            upnp_forward_chain=miniupnpd
            upnp_nat_chain=prerouting_miniupnpd
            upnp_nat_postrouting_chain=postrouting_miniupnpd
            uuid=7b1e2a60-3d3a-4d6f-9d1a-000000000001
            allow 1024-65535 192.168.77.0/24 1024-65535
            deny 0-65535 0.0.0.0/0 0-65535

            """);
        _daemon = new LabProcess(_host, Prerequisites.PathOf("miniupnpd"), ["-d", "-f", config, "-P", Path.Combine(_directory, "pid")]);
        // The lab is on the bridge outside, so whether the daemon is up is read where it listens.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var pause = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!(await RunAsync("ss", ["-lntuH"])).Contains(":5351", StringComparison.Ordinal))
        {
            if (_daemon.HasExited || limit.IsCancellationRequested || !await pause.WaitForNextTickAsync())
                throw new LabException($"miniupnpd does not listen: {_daemon.Said}");
        }
    }

    private const string Rules = $$"""
        table inet filter
        delete table inet filter
        table inet filter {
            chain forward {
                type filter hook forward priority 0; policy drop;
                ct state established,related accept
                iifname "{{Inside}}" oifname "e0" accept
                jump miniupnpd
            }
            chain input {
                type filter hook input priority 0; policy accept;
                iifname "e0" ct state new drop
            }
            chain prerouting {
                type nat hook prerouting priority -100; policy accept;
                jump prerouting_miniupnpd
            }
            chain postrouting {
                type nat hook postrouting priority 100; policy accept;
                jump postrouting_miniupnpd
                oifname "e0" snat ip to {{ExternalAddress}}
            }
            chain miniupnpd { }
            chain prerouting_miniupnpd { }
            chain postrouting_miniupnpd { }
        }

        """;

    private Task<string> RunAsync(string program, string[] arguments, string? input = null) => RunInAsync(_host, program, arguments, input);

    private static async Task<string> RunInAsync(LabHost host, string program, string[] arguments, string? input = null)
    {
        var start = new ProcessStartInfo(Prerequisites.PathOf("ip"), ["netns", "exec", host.Namespace, Prerequisites.PathOf(program), .. arguments])
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        using Process process = Process.Start(start)!;
        if (input is not null)
            await process.StandardInput.WriteAsync(input);
        process.StandardInput.Close();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        Task<string> output = process.StandardOutput.ReadToEndAsync(limit.Token);
        string error = await process.StandardError.ReadToEndAsync(limit.Token);
        await process.WaitForExitAsync(limit.Token);
        return process.ExitCode == 0 ? await output : throw new LabException($"{program} {string.Join(' ', arguments)}: {error.Trim()}\n{input}");
    }
}
