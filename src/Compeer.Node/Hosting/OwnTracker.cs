using System.Net;
using System.Threading.Channels;
using Compeer.Network.Connections;
using Compeer.Network.Proxies;
using Compeer.Network.Trackers;
using Compeer.Node.Configuration;

namespace Compeer.Node.Hosting;

/// <summary>How the node's own tracker stands.</summary>
/// <param name="Enabled">The option says that it shall run.</param>
/// <param name="Http">Where it can be announced to over HTTP; null where it does not listen.</param>
/// <param name="Udp">The same over UDP.</param>
/// <param name="Swarms">Torrents with peers now.</param>
/// <param name="Peers">Peers listed now.</param>
/// <param name="Words">The same for people, or what keeps it from running.</param>
public sealed record OwnTrackerStatus(bool Enabled, string? Http, string? Udp, int Swarms, int Peers, string Words);

/// <summary>The tracker that the node runs for others while an option says so: begins, moves and ends as the options change.</summary>
internal sealed class OwnTracker : IAsyncDisposable
{
    private static readonly HashSet<string> Options = [NodeOptions.Tracker.Key, NodeOptions.TrackerHttp.Key, NodeOptions.TrackerUdp.Key];

    private readonly NodeConfiguration _configuration;
    private readonly NetworkPolicy _policy;
    private readonly Action<string> _note;
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Task _following;
    private volatile State _state = new(null, "It is being started.");

    public OwnTracker(NodeConfiguration configuration, NetworkPolicy policy, Action<string> note)
    {
        (_configuration, _policy, _note) = (configuration, policy, note);
        configuration.Changed += OnChanged;
        _changes.Writer.TryWrite(true);
        _following = FollowAsync();
    }

    public OwnTrackerStatus Status
    {
        get
        {
            (TrackerServer? server, string? problem) = _state;
            if (server is null || !IsOn)
                return new OwnTrackerStatus(IsOn, null, null, 0, 0, IsOn ? problem ?? "It is being started." : "No tracker runs here.");
            TrackerServerStatus status = server.Status;
            return new OwnTrackerStatus(true, Address("http", server.HttpEndPoints), Address("udp", server.UdpEndPoints), status.Swarms, status.Peers,
                "It runs. Whoever reaches these addresses may announce torrents here.");
        }
    }

    private bool IsOn => _configuration.IsOn(NodeOptions.Tracker);

    public async ValueTask DisposeAsync()
    {
        _configuration.Changed -= OnChanged;
        _changes.Writer.TryComplete();
        await _following;
        if (_state.Server is { } server)
            await server.DisposeAsync();
    }

    private void OnChanged(IReadOnlyCollection<string> keys)
    {
        if (keys.Any(Options.Contains))
            _changes.Writer.TryWrite(true);
    }

    private async Task FollowAsync()
    {
        await foreach (bool _ in _changes.Reader.ReadAllAsync())
        {
            TrackerServer? before = _state.Server;
            _state = new State(null, null);
            if (before is not null)
                await before.DisposeAsync();
            if (IsOn)
                _state = await StartAsync();
        }
    }

    private async Task<State> StartAsync()
    {
        IPEndPoint[] http = EndPoints(NodeOptions.TrackerHttp);
        IPEndPoint[] udp = EndPoints(NodeOptions.TrackerUdp);
        string problem;
        if (!_policy.AllowsDirect(TrafficClass.TrackerServer))
            problem = "Everything of this node goes through a proxy, and a tracker would answer past it. Switch one of the two off.";
        else if (http.Length + udp.Length == 0)
            problem = $"It is given no address. Set {NodeOptions.TrackerHttp.Key} or {NodeOptions.TrackerUdp.Key}.";
        else
        {
            try
            {
                return new State(await TrackerServer.StartAsync(new TrackerServerOptions { Http = [.. http], Udp = [.. udp] }, CancellationToken.None), null);
            }
            catch (IOException e)
            {
                problem = $"{e.Message} Choose another address for it.";
            }
        }
        _note($"The tracker does not run: {problem}");
        return new State(null, problem);
    }

    private IPEndPoint[] EndPoints(NodeOption option) => IPEndPoint.TryParse(_configuration[option], out IPEndPoint? endPoint) ? [endPoint] : [];

    /// <summary>An address that others can use: of one that listens everywhere the first of this machine's own.</summary>
    private static string? Address(string scheme, IReadOnlyList<IPEndPoint> listening)
    {
        if (listening.Count == 0)
            return null;
        IPEndPoint at = listening[0];
        if (at.Address.Equals(IPAddress.Any) || at.Address.Equals(IPAddress.IPv6Any))
            at = new IPEndPoint(LocalAddresses.All().FirstOrDefault(a => !IPAddress.IsLoopback(a) && !a.IsIPv6LinkLocal) ?? IPAddress.Loopback, at.Port);
        return $"{scheme}://{at}/announce";
    }

    private sealed record State(TrackerServer? Server, string? Problem);
}
