using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Compeer.BrowserTests.Lab;

/// <summary>A web server on an address of this machine that gives the files of one folder. It is none of loopback, from which the node fetches nothing.</summary>
public sealed class WebFolder : IAsyncDisposable
{
    public const string NoAddress = "MISSING: an IPv4 address of this machine other than loopback";

    private readonly HttpListener _listener = new();
    private readonly IPAddress? _added;
    private readonly Task _serving;

    private WebFolder(string folder, IPAddress address, bool isAdded)
    {
        _added = isAdded ? address : null;
        using (var probe = new TcpListener(address, 0))
        {
            probe.Start();
            Url = $"http://{address}:{((IPEndPoint)probe.LocalEndpoint).Port}/";
        }
        _listener.Prefixes.Add(Url);
        _listener.Start();
        _serving = ServeAsync(folder);
    }

    /// <summary>It can be run here.</summary>
    public static bool HasAddress => Environment.IsPrivilegedProcess || OwnAddress is not null;

    /// <summary>Serves a folder: as root at an address that nobody else has, so that the test does not depend on the machine's network.</summary>
    public static async Task<WebFolder> StartAsync(string folder)
    {
        if (!Environment.IsPrivilegedProcess)
            return new WebFolder(folder, OwnAddress ?? throw new LabException(NoAddress), isAdded: false);
        var address = new IPAddress([10, 213, (byte)(Environment.ProcessId >> 8), (byte)(1 + (Environment.ProcessId % 254))]);
        await RunIpAsync("add", address);
        return new WebFolder(folder, address, isAdded: true);
    }

    /// <summary>An address of this machine that is not loopback; null when it has none.</summary>
    private static IPAddress? OwnAddress { get; } = NetworkInterface.GetAllNetworkInterfaces()
        .Where(i => i.OperationalStatus == OperationalStatus.Up)
        .SelectMany(i => i.GetIPProperties().UnicastAddresses)
        .Select(a => a.Address)
        .FirstOrDefault(a => a.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(a) && !a.ToString().StartsWith("169.254.", StringComparison.Ordinal));

    public string Url { get; }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _serving;
        _listener.Close();
        if (_added is not null)
            await RunIpAsync("delete", _added);
    }

    private static async Task RunIpAsync(string what, IPAddress address)
    {
        await using var ip = new ChildProcess("ip", ["address", what, $"{address}/32", "dev", "lo"]);
        await ip.WaitForSuccessAsync();
    }

    private async Task ServeAsync(string folder)
    {
        while (_listener.IsListening)
        {
            try
            {
                HttpListenerContext context = await _listener.GetContextAsync();
                string file = Path.Combine(folder, Path.GetFileName(context.Request.Url!.LocalPath));
                context.Response.StatusCode = File.Exists(file) ? 200 : 404;
                context.Response.Close(File.Exists(file) ? await File.ReadAllBytesAsync(file) : [], willBlock: true);
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                // It was stopped, or the one who asked went away.
            }
        }
    }
}
