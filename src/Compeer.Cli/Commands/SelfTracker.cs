using System.Net;
using Compeer.Network.Trackers;

namespace Compeer.Cli.Commands;

/// <summary>A tracker inside a share, for people who have none.</summary>
internal sealed class SelfTracker : IAsyncDisposable
{
    private readonly TrackerServer _server;

    private SelfTracker(TrackerServer server, IReadOnlyList<string> urls)
    {
        _server = server;
        Urls = urls;
    }

    /// <summary>What to put into the link: HTTP and UDP at each address.</summary>
    public IReadOnlyList<string> Urls { get; }

    /// <summary>Starts it on ports that the system chooses.</summary>
    /// <exception cref="CommandException">It cannot listen.</exception>
    public static async Task<SelfTracker> StartAsync(IPAddress? bind, IReadOnlyList<IPAddress> addresses, CancellationToken cancellationToken)
    {
        var local = new IPEndPoint(bind ?? IPAddress.IPv6Any, 0);
        try
        {
            TrackerServer server = await TrackerServer.StartAsync(new TrackerServerOptions { Http = [local], Udp = [local] }, cancellationToken);
            return new SelfTracker(server,
            [
                .. addresses.Select(a => $"http://{new IPEndPoint(a, server.HttpEndPoints[0].Port)}/announce"),
                .. addresses.Select(a => $"udp://{new IPEndPoint(a, server.UdpEndPoints[0].Port)}/announce"),
            ]);
        }
        catch (IOException e)
        {
            throw new CommandException(ExitCode.Usage, $"{e.Message} Choose another --bind.");
        }
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();
}
