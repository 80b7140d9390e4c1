using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Compeer.BrowserTests.Lab;

/// <summary>A web server on an address of this machine that gives the files of one folder. It is none of loopback, from which the node fetches nothing.</summary>
public sealed class WebFolder : IAsyncDisposable
{
    public const string NoAddress = "MISSING: an IPv4 address of this machine other than loopback";

    private readonly HttpListener _listener = new();
    private readonly Task _serving;

    public WebFolder(string folder)
    {
        IPAddress address = OwnAddress ?? throw new LabException(NoAddress);
        using (var probe = new TcpListener(address, 0))
        {
            probe.Start();
            Url = $"http://{address}:{((IPEndPoint)probe.LocalEndpoint).Port}/";
        }
        _listener.Prefixes.Add(Url);
        _listener.Start();
        _serving = ServeAsync(folder);
    }

    /// <summary>An address of this machine that is not loopback; null when it has none.</summary>
    public static IPAddress? OwnAddress { get; } = NetworkInterface.GetAllNetworkInterfaces()
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
