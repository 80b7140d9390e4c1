namespace Compeer.InteropTests.Lab;

/// <summary>nginx as a web seed: serves a directory, with ranges, and logs what it sent.</summary>
public sealed class NginxServer : LabProcess
{
    public const int Port = 8088;

    private readonly string _log;

    private NginxServer(LabHost host, string configuration, string log) : base(host, Prerequisites.PathOf("nginx"), ["-c", configuration, "-e", "stderr"]) => _log = log;

    /// <summary>Where a server on this host will have the directory.</summary>
    public static string UrlOn(LabHost host) => $"http://{host.At(Port)}/";

    public string Url => UrlOn(Host);

    /// <summary>Bytes of bodies sent in finished answers.</summary>
    public long SentBodyBytes => File.ReadLines(_log).Sum(line => long.Parse(line.Split(' ')[1], System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>Statuses of finished answers.</summary>
    public IReadOnlyList<string> Statuses => [.. File.ReadLines(_log).Select(line => line.Split(' ')[0])];

    /// <summary>Serves a directory; <paramref name="rate"/> ("2m") limits each answer. Returns when it listens.</summary>
    public static async Task<NginxServer> StartAsync(LabHost host, string directory, string? rate = null)
    {
        Prerequisites.Demand(Needs.Nginx);
        string work = host.Network.NewDirectory($"nginx{host.Network.NextNumber()}");
        string configuration = Path.Combine(work, "conf"), log = Path.Combine(work, "log");
        await File.WriteAllTextAsync(log, "");
        await File.WriteAllTextAsync(configuration, $$"""
            daemon off;
            master_process off;
            user root;
            pid {{work}}/pid;
            events { worker_connections 256; }
            http {
                log_format sent '$status $body_bytes_sent $http_range';
                access_log {{log}} sent;
                client_body_temp_path {{work}}/body; proxy_temp_path {{work}}/proxy; fastcgi_temp_path {{work}}/fastcgi; uwsgi_temp_path {{work}}/uwsgi; scgi_temp_path {{work}}/scgi;
                server { listen {{host.At(Port)}}; root {{directory}}; {{(rate is null ? "" : $"limit_rate {rate};")}} }
            }
            """);
        var server = new NginxServer(host, configuration, log);
        await Ports.WaitUntilOpenAsync(server, Port);
        return server;
    }
}
