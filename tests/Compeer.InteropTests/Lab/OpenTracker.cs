namespace Compeer.InteropTests.Lab;

/// <summary>opentracker, HTTP and UDP on port 6969. Debian's build serves only the info-hashes in its white list.</summary>
public sealed class OpenTracker : LabProcess
{
    public const int Port = 6969;

    private OpenTracker(LabHost host, string configuration) : base(host, Prerequisites.PathOf("opentracker"), ["-f", configuration])
    {
    }

    public string HttpUrl => $"http://{Host.At(Port)}/announce";

    public string UdpUrl => $"udp://{Host.At(Port)}/announce";

    /// <summary>The URL that a tracker on this host will have, to be put into torrents before it runs.</summary>
    public static string HttpUrlOn(LabHost host) => $"http://{host.At(Port)}/announce";

    public static string UdpUrlOn(LabHost host) => $"udp://{host.At(Port)}/announce";

    /// <summary>Starts it for the given swarms (40 hex digits; a v2 swarm by its cut hash); returns when it answers.</summary>
    public static async Task<OpenTracker> StartAsync(LabHost host, params string[] swarms)
    {
        Prerequisites.Demand(Needs.OpenTracker);
        string directory = host.Network.NewDirectory("opentracker");
        string whitelist = Path.Combine(directory, "white");
        string configuration = Path.Combine(directory, "conf");
        await File.WriteAllLinesAsync(whitelist, swarms.Where(hash => hash.Length >= 40).Select(hash => hash[..40]));
        await File.WriteAllTextAsync(configuration, $"listen.tcp_udp {host.At(Port)}\naccess.whitelist {whitelist}\n");
        var tracker = new OpenTracker(host, configuration);
        await Ports.WaitUntilOpenAsync(tracker, Port);
        return tracker;
    }
}
