using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Microsoft.AspNetCore.Connections;

namespace Compeer.Network.Trackers;

/// <summary>
/// A tracker: tells peers of each other over HTTP (/announce, /scrape) and UDP, IPv4 and IPv6. Keeps everything in memory, bounded by its options.
/// Peers are listed under the address their announce came from, so a peer on this machine announces to an address that the others can reach.
/// Spec: BEP 3, 7, 15, 23, 24, 41, 48.
/// </summary>
public sealed class TrackerServer : IAsyncDisposable
{
    private readonly TrackerDesk _desk;
    private readonly List<UdpTrackerListener> _udp = [];
    private HttpTrackerListener? _http;

    private TrackerServer(TrackerServerOptions options) => _desk = new TrackerDesk(options.Swarms);

    /// <summary>Where it listens for HTTP, in the order of the options, with the ports that the system chose.</summary>
    public IReadOnlyList<IPEndPoint> HttpEndPoints => _http?.EndPoints ?? [];

    /// <summary>Where it listens for UDP, in the order of the options.</summary>
    public IReadOnlyList<IPEndPoint> UdpEndPoints => [.. _udp.Select(listener => listener.EndPoint)];

    /// <summary>Counters for a person to see; a snapshot.</summary>
    public TrackerServerStatus Status => _desk.Status;

    /// <summary>Starts listening everywhere, or nowhere when one address fails.</summary>
    /// <exception cref="IOException">An address cannot be bound; the message says which and why.</exception>
    /// <exception cref="ArgumentException">No address is given.</exception>
    public static async Task<TrackerServer> StartAsync(TrackerServerOptions options, CancellationToken cancellationToken)
    {
        if (options.Http.IsEmpty && options.Udp.IsEmpty)
            throw new ArgumentException("A tracker listens on at least one address.", nameof(options));
        var server = new TrackerServer(options);
        try
        {
            foreach (IPEndPoint local in options.Udp)
                server._udp.Add(UdpTrackerListener.Start(server._desk, local));
            if (!options.Http.IsEmpty)
                server._http = await HttpTrackerListener.StartAsync(server._desk, options, cancellationToken);
            return server;
        }
        catch (Exception e)
        {
            await server.DisposeAsync();
            if (e is AddressInUseException or SocketException || e.InnerException is AddressInUseException)
                throw new IOException($"The tracker cannot listen on HTTP {string.Join(", ", options.Http)}: {Reason(e)}.", e);
            throw;
        }
    }

    /// <summary>Stops listening; requests under way have <see cref="TrackerServerOptions.StopTimeout"/> to end.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_http is not null)
            await _http.DisposeAsync();
        foreach (UdpTrackerListener listener in _udp)
            await listener.DisposeAsync();
    }

    private static string Reason(Exception e) =>
        SocketErrors.Describe(e is SocketException socket ? socket.SocketErrorCode : SocketError.AddressAlreadyInUse);
}
