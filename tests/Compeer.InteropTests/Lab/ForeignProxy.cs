namespace Compeer.InteropTests.Lab;

/// <summary>The proxies of others that ours goes through.</summary>
public enum ProxyProgram
{
    /// <summary>SOCKS 5 with user and password, TCP only.</summary>
    Microsocks,

    /// <summary>SOCKS 5 without, TCP and datagrams.</summary>
    Dante,

    /// <summary>HTTP CONNECT with user and password.</summary>
    Tinyproxy,
}

/// <summary>A foreign proxy on a host of its own.</summary>
public sealed class ForeignProxy : LabProcess
{
    public const int Port = 1080;

    private ForeignProxy(LabHost host, string program, IEnumerable<string> arguments) : base(host, Prerequisites.PathOf(program), arguments)
    {
    }

    /// <summary>For --proxy.</summary>
    public static string UrlOf(ProxyProgram program, LabHost host, string password = "open sesame") => program switch
    {
        ProxyProgram.Microsocks => $"socks5://me:{Uri.EscapeDataString(password)}@{host.At(Port)}",
        ProxyProgram.Dante => $"socks5://{host.At(Port)}",
        _ => $"http://me:{Uri.EscapeDataString(password.Replace(' ', '-'))}@{host.At(Port)}",
    };

    /// <summary>Starts it; returns when it listens.</summary>
    public static async Task<ForeignProxy> StartAsync(ProxyProgram program, LabHost host)
    {
        Prerequisites.Demand(Needs.Proxies);
        string configuration = Path.Combine(host.Network.NewDirectory($"proxy{host.Network.NextNumber()}"), "conf");
        await File.WriteAllTextAsync(configuration, program == ProxyProgram.Dante ? Dante(host) : Tinyproxy(host));
        ForeignProxy proxy = program switch
        {
            ProxyProgram.Microsocks => new ForeignProxy(host, "microsocks", ["-i", host.Address, "-p", "1080", "-u", "me", "-P", "open sesame"]),
            ProxyProgram.Dante => new ForeignProxy(host, "danted", ["-f", configuration]),
            _ => new ForeignProxy(host, "tinyproxy", ["-d", "-c", configuration]),
        };
        await Ports.WaitUntilOpenAsync(proxy, Port);
        return proxy;
    }

    private static string Dante(LabHost host) => $$"""
        logoutput: stderr
        internal: {{host.Address}} port = {{Port}}
        external: e0
        clientmethod: none
        socksmethod: none
        user.privileged: root
        user.unprivileged: root
        client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }
        socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 protocol: tcp udp }

        """;

    private static string Tinyproxy(LabHost host) => $"""
        User root
        Group root
        Port {Port}
        Listen {host.Address}
        Timeout 60
        MaxClients 100
        BasicAuth me open-sesame
        LogLevel Warning

        """;
}
