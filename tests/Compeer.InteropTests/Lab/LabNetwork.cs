using System.Globalization;
using System.Text.RegularExpressions;

namespace Compeer.InteropTests.Lab;

/// <summary>
/// A bridge with any number of hosts, each a network namespace with an address of its own (several clients refuse peers on
/// loopback). Names carry the test process's id, so networks of dead runs are found and removed, and two runs do not meet.
/// Home routers with hosts behind them can be added (<see cref="LabRouter"/>), unless the network knows nothing but IPv6. Owns the processes started in it and a work directory; disposing ends and removes all of them.
/// </summary>
public sealed partial class LabNetwork : IAsyncDisposable
{
    private const int MaxHosts = 200;
    private const string Ip = "ip";

    /// <summary>One network is made at a time, so that each sees which addresses the others took.</summary>
    private static readonly SemaphoreSlim Making = new(1);

    private static int _made;
    private static bool _swept;

    private readonly List<LabProcess> _processes = [];
    private readonly List<LabHost> _hosts = [];
    private readonly string _bridge;
    private readonly string _prefix;
    private readonly bool _isV6;
    private readonly int _number;
    private int _numbers;
    private int _moreAddresses;
    private int _routers;

    private LabNetwork(int number, string prefix, bool isV6)
    {
        _number = number;
        _prefix = prefix;
        _isV6 = isV6;
        _bridge = string.Create(CultureInfo.InvariantCulture, $"cpb{Environment.ProcessId:x}x{number}");
        Work = LabFiles.NewDirectory($"net{number}");
    }

    /// <summary>A directory for this network's files, removed with it.</summary>
    public string Work { get; }

    /// <summary>
    /// Makes an empty network after removing what dead runs left behind; in one of IPv6 no host has an IPv4 address. A public one has addresses
    /// that programs take for the Internet's (of 11.0.0.0/8, which nobody announces): several dial no others when strangers name them.
    /// </summary>
    public static async Task<LabNetwork> CreateAsync(bool isV6 = false, bool isPublic = false)
    {
        Prerequisites.Demand(Needs.Network);
        await Making.WaitAsync();
        try
        {
            return await MakeAsync(isV6, isPublic);
        }
        finally
        {
            Making.Release();
        }
    }

    private static async Task<LabNetwork> MakeAsync(bool isV6, bool isPublic)
    {
        if (!_swept)
            await SweepAsync();
        _swept = true;
        string taken = await LabTool.RunAsync(Ip, ["-o", "addr"]) + await LabTool.RunAsync(Ip, ["route"]);
        string prefix = Enumerable.Range(0, 60_000)
            .Select(i => (High: (214 + (i / 250)) % 256, Low: (i + Environment.ProcessId) % 250))
            .Select(i => isV6 ? $"fd10:{i.High}:{i.Low}::" : $"{(isPublic ? 11 : 10)}.{i.High}.{i.Low}.")
            .First(p => !taken.Contains(p, StringComparison.Ordinal));
        var network = new LabNetwork(_made++, prefix, isV6);
        await LabTool.RunAsync(Ip, ["-batch", "-"], $"link add {network._bridge} type bridge\n{network.AddAddress(254, network._bridge)}link set {network._bridge} up\n");
        return network;
    }

    /// <summary>Adds a host; <paramref name="rate"/> ("8mbit") limits what it sends, in tc's units.</summary>
    public async Task<LabHost> AddHostAsync(string? rate = null)
    {
        (int n, string name) = await AddNamespaceAsync();
        var host = new LabHost(this, name, DeviceName(n), AddressOf(n));
        _hosts.Add(host);
        await LabTool.RunAsync(Ip, ["-batch", "-"], $"link add {host.Device} type veth peer name e0 netns {host.Namespace}\nlink set {host.Device} master {_bridge} up\n");
        await LabTool.RunAsync(Ip, ["-n", host.Namespace, "-batch", "-"], $"{AddAddress(n)}link set lo up\nlink set e0 up\n{(_isV6 ? "" : "route add 224.0.0.0/4 dev e0\n")}");
        if (rate is not null)
            await LabTool.RunAsync("tc", ["-n", host.Namespace, "qdisc", "add", "dev", "e0", "root", "tbf", "rate", rate, "burst", "64kb", "latency", "300ms"]);
        return host;
    }

    /// <summary>Gives a host more addresses, for a process that plays many machines; the first of them, the others follow it.</summary>
    public async Task<string> AddAddressesAsync(LabHost host, int count)
    {
        int first = MaxHosts + 1 + _moreAddresses;
        _moreAddresses += count;
        if (_moreAddresses > 50)
            throw new LabException("A network has room for 50 more addresses.");
        await LabTool.RunAsync(Ip, ["-n", host.Namespace, "-batch", "-"], string.Concat(Enumerable.Range(first, count).Select(n => AddAddress(n))));
        return AddressOf(first);
    }

    /// <summary>Adds a home router, with no hosts behind it yet.</summary>
    public async Task<LabRouter> AddRouterAsync(NatKind kind) => await LabRouter.CreateAsync(await AddHostAsync(), kind, ++_routers);

    internal async Task<LabHost> AddHostBehindAsync(LabRouter router)
    {
        (int n, string name) = await AddNamespaceAsync();
        var host = new LabHost(this, name, "", "") { Router = router };
        _hosts.Add(host);
        host = host with { Address = await router.ConnectAsync(name, n, _prefix) };
        return _hosts[^1] = host;
    }

    /// <summary>A new directory inside <see cref="Work"/>.</summary>
    public string NewDirectory(string name) => Directory.CreateDirectory(Path.Combine(Work, name)).FullName;

    /// <summary>A number not given before in this network, for names of files.</summary>
    public int NextNumber() => Interlocked.Increment(ref _numbers);

    internal IEnumerable<LabProcess> Processes => _processes.ToArray();

    internal void Adopt(LabProcess process) => _processes.Add(process);

    public async ValueTask DisposeAsync()
    {
        // The youngest first: what depends on others was started after them.
        foreach (LabProcess process in Enumerable.Reverse(_processes).ToArray())
            process.Send(Signal.Terminate);
        foreach (LabProcess process in Enumerable.Reverse(_processes).ToArray())
            await process.DisposeAsync();
        foreach (LabHost host in _hosts)
        {
            if (host.Router is null)
                await LabTool.TryRunAsync(Ip, ["link", "del", host.Device]);
            await LabTool.TryRunAsync(Ip, ["netns", "del", host.Namespace]);
            NamespaceFiles.Remove(host.Namespace);
        }
        await LabTool.TryRunAsync(Ip, ["link", "del", _bridge]);
        LabFiles.Remove(Work);
    }

    private string AddressOf(int n) => _prefix + n.ToString(_isV6 ? "x" : "d", CultureInfo.InvariantCulture);

    /// <summary>A command of ip; an IPv6 address is used at once, as nobody else can have it.</summary>
    private string AddAddress(int n, string device = "e0") => $"addr add {AddressOf(n)}{(_isV6 ? "/64" : "/24")} dev {device}{(_isV6 ? " nodad" : "")}\n";

    private async Task<(int Number, string Name)> AddNamespaceAsync()
    {
        if (_hosts.Count == MaxHosts)
            throw new LabException($"More than {MaxHosts} hosts in one network.");
        int n = _hosts.Count + 1;
        string name = string.Create(CultureInfo.InvariantCulture, $"cpn{Environment.ProcessId:x}x{_number}n{n}");
        await LabTool.RunAsync(Ip, ["netns", "add", name]);
        return (n, name);
    }

    private string DeviceName(int n)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"cv{Environment.ProcessId:x}x{_number}n{n}");
        return name.Length <= 15 ? name : throw new LabException($"The device name {name} is too long for the kernel.");
    }

    /// <summary>Removes namespaces, devices and directories whose test process is dead. Processes left in such a namespace are ended by id.</summary>
    private static async Task SweepAsync()
    {
        foreach (string line in (await LabTool.RunAsync(Ip, ["netns", "list"])).Split('\n'))
        {
            string name = line.Split(' ')[0];
            if (!IsOfDeadRun(name))
                continue;
            foreach (string id in (await LabTool.TryRunAsync(Ip, ["netns", "pids", name])).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                Signals.TrySend(int.Parse(id, CultureInfo.InvariantCulture), Signal.Kill);
            await LabTool.TryRunAsync(Ip, ["netns", "del", name]);
        }
        foreach (string device in Directory.GetFileSystemEntries("/sys/class/net").Select(Path.GetFileName).OfType<string>().Where(IsOfDeadRun))
            await LabTool.TryRunAsync(Ip, ["link", "del", device]);
        NamespaceFiles.Sweep(IsOfDeadRun);
        LabFiles.Sweep();
    }

    private static bool IsOfDeadRun(string name) =>
        OwnName().Match(name) is { Success: true } match
        && !Directory.Exists("/proc/" + int.Parse(match.Groups[1].ValueSpan, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture));

    [GeneratedRegex("^(?:cpn|cpb|cv)([0-9a-f]{1,7})x[0-9]+(?:n[0-9]+)?$")]
    private static partial Regex OwnName();
}
