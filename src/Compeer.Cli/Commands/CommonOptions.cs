using System.CommandLine;
using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using Compeer.Cli.Output;
using Compeer.Content.Torrents;
using Compeer.Network.MainlineDht;
using Compeer.Network.PortMapping;
using Compeer.Network.Proxies;
using Compeer.Network.Transports;
using Compeer.Protocols.MessageStreamEncryption;
using Compeer.Protocols.PortMapping;
using Compeer.Protocols.Proxies;
using Compeer.Protocols.Turn;
using Spectre.Console;

namespace Compeer.Cli.Commands;

/// <summary>The options that share and get have in common.</summary>
internal sealed class CommonOptions
{
    private readonly Option<IPAddress?> _bind = new("--bind")
    {
        Description = "Local address for peers (default: all)", HelpName = "IP", CustomParser = Parse.Address,
    };

    private readonly Option<int> _port = new("--port")
    {
        Description = "Local port for peers (default: one chosen at first and kept)", HelpName = "N",
    };

    private readonly Option<ProxyEndPoint?> _proxy = new("--proxy")
    {
        Description = "Send everything through a proxy, names too, and nothing past it: socks5://[USER:PASSWORD@]IP:PORT or http://...", HelpName = "URL", CustomParser = Parse.Proxy,
    };

    private const string RelayVariable = "COMPEER_RELAY";

    private readonly Option<RelayUri?> _relay = new("--relay")
    {
        Description = $"A relay (TURN) for peers that cannot be reached directly: turn:USER:PASSWORD@HOST[:PORT]; better given as {RelayVariable} in the environment, since others may see the command line", HelpName = "RELAY", CustomParser = Parse.Relay,
    };

    private readonly Option<long> _limitUp = Rate("--limit-up", "Upload limit, e.g. 500K or 2M a second (default: none)");
    private readonly Option<long> _limitDown = Rate("--limit-down", "Download limit (default: none)");
    private readonly Option<EncryptionPolicy> _encryption = new("--encryption")
    {
        Description = "Encryption of connections to peers: prefer (default; within the local network only the handshake), require or forbid", HelpName = "POLICY",
        CustomParser = Parse.Encryption, DefaultValueFactory = _ => EncryptionPolicy.Prefer,
    };

    private readonly Option<bool> _json = new("--json") { Description = "One JSON object a line on standard output" };
    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "Results and errors only" };
    private readonly Option<string?> _dataDirectory = new("--data-dir")
    {
        Description = "Where state is kept (default: XDG_DATA_HOME/compeer or ~/.local/share/compeer)", HelpName = "DIR",
    };

    private readonly Option<DnsEndPoint[]> _dhtBootstrap = new("--dht-bootstrap")
    {
        Description = "Where to join the DHT, instead of the public entries; may be repeated", HelpName = "HOST:PORT", CustomParser = Parse.HostsWithPort, Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<DnsEndPoint[]> _stun = new("--stun")
    {
        Description = "A STUN server to ask for our public address; may be repeated", HelpName = "HOST:PORT", CustomParser = Parse.HostsWithPort, Arity = ArgumentArity.OneOrMore,
    };

    private readonly Option<bool> _noDht = new("--no-dht") { Description = "Take no part in the DHT" };
    private readonly Option<bool> _noUtp = new("--no-utp") { Description = "Connect to peers by TCP only" };
    private readonly Option<bool> _noTcp = new("--no-tcp") { Description = "Connect to peers by uTP only", Hidden = true };
    private readonly Option<bool> _noLan = new("--no-lan") { Description = "Do not look for peers on the local network" };
    private readonly Option<bool> _noPortMapping = new("--no-port-mapping") { Description = "Do not ask the router to pass the port on" };
    private readonly Option<PortMappingWays> _portMapping = new("--port-mapping")
    {
        Description = "How to ask the router: all, pcp, nat-pmp or upnp", HelpName = "WAY", Hidden = true, CustomParser = Parse.PortMappingWays, DefaultValueFactory = _ => PortMappingWays.All,
    };

    private readonly Option<int> _portMappingLease = new("--port-mapping-lease") { Description = "Seconds that the router keeps the port mapped without renewal", Hidden = true, DefaultValueFactory = _ => 3600 };

    /// <summary>How a process of its own takes part in the network.</summary>
    private Option[] OfTheNetwork =>
    [
        _bind, _port, _proxy, _relay, _limitUp, _limitDown, _encryption, _dhtBootstrap, _stun, _noDht, _noLan, _noUtp, _noTcp, _noPortMapping, _portMapping, _portMappingLease,
    ];

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[.. OfTheNetwork, _json, _quiet, _dataDirectory])
            command.Options.Add(option);
    }

    /// <summary>The options of a command that only takes part in the DHT.</summary>
    public void AddDhtTo(Command command)
    {
        foreach (Option option in (Option[])[_bind, _port, _json, _dataDirectory, _dhtBootstrap])
            command.Options.Add(option);
    }

    /// <summary>What was given, as keys and values of the node's configuration; what it has no key for is left out.</summary>
    public Dictionary<string, string> Flags(ParseResult result)
    {
        var flags = new Dictionary<string, string>();
        foreach (Option option in (Option[])[_bind, _port, _proxy, _relay, _limitUp, _limitDown, _encryption, _dhtBootstrap, _stun])
        {
            if (result.GetResult(option) is { Implicit: false } given)
                flags[option.Name[2..]] = string.Join(',', given.Tokens.Select(t => t.Value));
        }
        foreach (Option<bool> option in (Option<bool>[])[_noDht, _noLan, _noUtp, _noTcp, _noPortMapping])
        {
            if (result.GetValue(option))
                flags[option.Name["--no-".Length..]] = "false";
        }
        return flags;
    }

    /// <summary>Results and errors only.</summary>
    public bool IsQuiet(ParseResult result) => result.GetValue(_quiet);

    /// <summary>The options of a command that drives a running daemon.</summary>
    public void AddDaemonTo(Command command)
    {
        foreach (Option option in (Option[])[_json, _quiet, _dataDirectory])
            command.Options.Add(option);
    }

    /// <summary>
    /// The daemon that uses the data directory, for a command that can leave the work to it; says so. Null when there is none, or when an
    /// option was given that the daemon has for itself or knows nothing of: the command works beside it then, and says that.
    /// </summary>
    /// <param name="result">What was given.</param>
    /// <param name="reporter">Where to say it.</param>
    /// <param name="apart">Options of the command that need it to work by itself.</param>
    public DaemonConnection? FindDaemon(ParseResult result, IReporter reporter, ReadOnlySpan<Option> apart)
    {
        // The node's own code is not loaded for a look at a file that is not there.
        if (!File.Exists(Path.Combine(DataDirectory(result), "api")) || DaemonConnection.TryOpen(DataDirectory(result)) is not { } daemon)
            return null;
        Option[] own = [.. OfTheNetwork, .. apart];
        foreach (Option option in own)
        {
            if (result.GetResult(option) is not { Implicit: false })
                continue;
            reporter.Note($"A daemon runs at {daemon.Url}; with {option.Name} this command works by itself, beside it.");
            daemon.Dispose();
            return null;
        }
        reporter.Note($"The daemon at {daemon.Url} does it.");
        return daemon;
    }

    /// <summary>The port given, or 0.</summary>
    public int Port(ParseResult result) => result.GetValue(_port);

    /// <summary>Output is for programs.</summary>
    public bool IsJson(ParseResult result) => result.GetValue(_json);

    /// <summary>Where to say what happens.
    public IReporter Reporter(ParseResult result) => result.GetValue(_json)
        ? new JsonReporter(Console.Out)
        : new PlainReporter(Console.Out, ErrorConsole, result.GetValue(_quiet), TimeProvider.System);

    /// <summary>Where state is kept.</summary>
    public string DataDirectory(ParseResult result) => Path.GetFullPath(result.GetValue(_dataDirectory) ?? DefaultDataDirectory());

    /// <summary>The address given, or null.</summary>
    public IPAddress? Bind(ParseResult result) => result.GetValue(_bind);

    /// <summary>The STUN servers given.</summary>
    public DnsEndPoint[] Stun(ParseResult result) => result.GetValue(_stun) ?? [];

    /// <summary>The proxy given, or null.</summary>
    public ProxyEndPoint? Proxy(ParseResult result) => result.GetValue(_proxy);

    /// <summary>Starts a client; without --port at the port used last time, if it is still free.</summary>
    /// <exception cref="CommandException">The address or port cannot be had.</exception>
    public TorrentClient StartClient(ParseResult result, IReporter reporter)
    {
        var options = new TorrentClientOptions
        {
            DataDirectory = DataDirectory(result),
            Bind = result.GetValue(_bind),
            Port = result.GetValue(_port),
            Proxy = result.GetValue(_proxy),
            Relay = Relay(result),
            Transports = (result.GetValue(_noTcp) ? PeerTransports.None : PeerTransports.Tcp) | (result.GetValue(_noUtp) ? PeerTransports.None : PeerTransports.Utp),
            UploadLimit = result.GetValue(_limitUp),
            DownloadLimit = result.GetValue(_limitDown),
            Dht = result.GetValue(_noDht) ? null : DhtOptions(result, reporter),
            StunServers = [.. Stun(result)],
            LocalDiscovery = !result.GetValue(_noLan),
            Encryption = result.GetValue(_encryption),
            PortMapping = result.GetValue(_noPortMapping) ? null : PortMapping(result, reporter),
        };
        if (options.Transports == PeerTransports.None)
            throw new CommandException(ExitCode.Usage, "--no-utp and --no-tcp together leave no way to connect to peers: leave one out.");
        if (options.Proxy is not null && (options.Transports & PeerTransports.Tcp) == 0)
            throw new CommandException(ExitCode.Usage, "Peers are reached through --proxy over TCP only: leave --no-tcp out.");
        if (options.Relay is not null && (options.Transports & PeerTransports.Utp) == 0)
            throw new CommandException(ExitCode.Usage, "What a relay passes on is uTP: leave --no-utp or the relay out.");
        if (new NetworkPolicy(options.Proxy).Describe() is { } restricted)
            reporter.Note(restricted);
        if (options.Port is < 0 or > 65535)
            throw new CommandException(ExitCode.Usage, $"--port {options.Port} is not a port: it must be within 0..65535.");
        return options.Port != 0 || options.Proxy is not null ? Start(options) : StartAtKeptPort(options);
    }

    private RelayUri? Relay(ParseResult result)
    {
        if (result.GetValue(_relay) is { } given)
            return given;
        if (Environment.GetEnvironmentVariable(RelayVariable) is not { Length: > 0 } text)
            return null;
        return Parse.TryRelay(text, out RelayUri? relay) ? relay : throw new CommandException(ExitCode.Usage, $"{RelayVariable} in the environment cannot be used. {Parse.RelayForm}");
    }

    private PortMappingOptions PortMapping(ParseResult result, IReporter reporter)
    {
        int lease = result.GetValue(_portMappingLease);
        if (lease is < 10 or > 7200)
            throw new CommandException(ExitCode.Usage, $"--port-mapping-lease {lease} is out of range: it must be within 10..7200 seconds.");
        return new PortMappingOptions
        {
            Mapper = new PortMapperOptions { Ways = result.GetValue(_portMapping), Lease = TimeSpan.FromSeconds(lease) },
            Changed = reporter.PortMapping,
        };
    }

    /// <summary>How the DHT is joined.</summary>
    public DhtServiceOptions DhtOptions(ParseResult result, IReporter reporter)
    {
        var options = new DhtServiceOptions { CachePath = Path.Combine(DataDirectory(result), "dht.nodes"), Note = reporter.Note };
        return result.GetValue(_dhtBootstrap) is { Length: > 0 } entries ? options with { Entries = [.. entries] } : options;
    }

    private static IAnsiConsole ErrorConsole()
    {
        bool piped = Console.IsErrorRedirected;
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Console.Error),
            Ansi = piped ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = piped ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        if (piped)
            console.Profile.Width = 10_000;
        return console;
    }

    private static TorrentClient Start(TorrentClientOptions options)
    {
        try
        {
            return TorrentClient.Start(options);
        }
        catch (System.Net.Sockets.SocketException e)
        {
            string where = $"{options.Bind?.ToString() ?? "all addresses"}, port {options.Port}";
            throw new CommandException(ExitCode.Usage, $"Cannot listen on {where}: {Network.Connections.SocketErrors.Describe(e.SocketErrorCode)}. Choose another --port or --bind.");
        }
    }

    /// <summary>Links name our port, so it should be the same next time.</summary>
    private static TorrentClient StartAtKeptPort(TorrentClientOptions options)
    {
        string path = Path.Combine(options.DataDirectory, "port");
        try
        {
            Directory.CreateDirectory(options.DataDirectory);
            int kept = File.Exists(path) && int.TryParse(File.ReadAllText(path), NumberStyles.None, CultureInfo.InvariantCulture, out int port)
                ? port
                : RandomNumberGenerator.GetInt32(49152, 65536);
            try
            {
                TorrentClient client = TorrentClient.Start(options with { Port = kept });
                File.WriteAllText(path, kept.ToString(CultureInfo.InvariantCulture));
                return client;
            }
            catch (System.Net.Sockets.SocketException)
            {
                return Start(options);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandException(ExitCode.Disk, $"The data directory '{options.DataDirectory}' cannot be used: {e.Message} Choose another with --data-dir.");
        }
    }

    private static string DefaultDataDirectory()
    {
        string? data = Environment.GetEnvironmentVariable("XDG_DATA_HOME");
        string home = string.IsNullOrEmpty(data)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share")
            : data;
        return Path.Combine(home, "compeer");
    }

    private static Option<long> Rate(string name, string description) => new(name)
    {
        Description = description, HelpName = "RATE", CustomParser = Parse.Rate,
    };
}
