using System.Net;
using Compeer.Protocols;
using Compeer.Simulator.Networking;
using Compeer.Simulator.Randomness;
using Compeer.Simulator.Scheduling;

namespace Compeer.Simulator;

/// <summary>
/// One virtual world: clock, events, network and hosts, all driven from one seed. Single-threaded and deterministic: equal seeds
/// and equal calls give equal traces. Several worlds may run at once, each on its own thread.
/// </summary>
public sealed class Simulation
{
    /// <summary>After so many deadlines without progress a machine counts as spinning.</summary>
    private const int MaxStalls = 1000;

    private readonly EventLoop _loop;
    private readonly List<VirtualHost> _hosts = [];
    private readonly DatagramWriter _writer = new();

    /// <summary>An empty world.</summary>
    public Simulation(Seed seed, NetworkOptions? options = null, int traceLines = 0)
    {
        Seed = seed;
        Trace = new Trace(traceLines);
        _loop = new EventLoop(Handle);
        Network = new VirtualNetwork(seed.Derive("network"), options ?? new NetworkOptions(), _loop.Queue, Trace);
    }

    /// <summary>What every random stream of the world is derived from.</summary>
    public Seed Seed { get; }

    /// <summary>The world's time.</summary>
    public VirtualClock Clock => _loop.Clock;

    /// <summary>The world's time.</summary>
    public Instant Now => Clock.Now;

    /// <summary>What carries the datagrams.</summary>
    public VirtualNetwork Network { get; }

    /// <summary>What was delivered so far.</summary>
    public Trace Trace { get; }

    /// <summary>Events handled so far.</summary>
    public long Events => _loop.Events;

    /// <summary>Hosts whose machine runs.</summary>
    public int UpCount { get; private set; }

    /// <summary>All hosts, by number.</summary>
    public IReadOnlyList<VirtualHost> Hosts => _hosts;

    /// <summary>Adds a host that is down. Behind a NAT the address is the inner one.</summary>
    /// <exception cref="ArgumentException">The address is taken.</exception>
    public VirtualHost AddHost(IPEndPoint endPoint, NatBox? nat = null)
    {
        ArgumentNullException.ThrowIfNull(endPoint);
        VirtualHost host = Network.Attach(_hosts.Count, endPoint, nat);
        _hosts.Add(host);
        return host;
    }

    /// <summary>Starts a machine on a host and lets it speak.</summary>
    public void Start(VirtualHost host, IVirtualNode node)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(node);
        if (!host.IsUp)
            UpCount++;
        host.Node = node;
        host.ScheduledAt = Instant.Never;
        host.Stalls = 0;
        Pump(host);
    }

    /// <summary>Ends a host's machine without a word to anybody.</summary>
    public void Stop(VirtualHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        if (host.IsUp)
            UpCount--;
        host.Node = null;
        host.ScheduledAt = Instant.Never;
    }

    /// <summary>Sends what a machine wants to send after an intent was given to it, and notes its deadline.</summary>
    public void Pump(VirtualHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        Instant now = Clock.Now;
        do
        {
            _writer.Reset();
            while (host.Node is { } node && node.TryTransmit(_writer, out IPEndPoint to, now))
            {
                Network.Send(host, to, _writer.Written, now);
                _writer.Reset();
            }
        }
        while (host.Node is { } running && running.AfterStep(now));
        Schedule(host);
    }

    /// <summary>Sends a datagram that says it comes from somebody else, as networks that do not check let their users do.</summary>
    public void Forge(VirtualHost sender, IPEndPoint claimed, IPEndPoint to, ReadOnlySpan<byte> payload)
    {
        ArgumentNullException.ThrowIfNull(sender);
        ArgumentNullException.ThrowIfNull(claimed);
        Network.Send(sender, to, payload, Clock.Now, claimed);
    }

    /// <summary>Calls back at an instant, or at once after what is being handled when it is past.</summary>
    public void At(Instant when, Action action) => _loop.At(when, action);

    /// <summary>Calls back after a time.</summary>
    public void After(TimeSpan delay, Action action) => At(Clock.Now + delay, action);

    /// <summary>Handles every event up to an instant and stands there then.</summary>
    public void RunUntil(Instant end) => _loop.RunUntil(end);

    /// <summary>Handles every event of the next while.</summary>
    public void RunFor(TimeSpan span) => RunUntil(Clock.Now + span);

    /// <summary>Handles events until the condition holds; false when it did not by the end. Asked after each event.</summary>
    public bool RunUntil(Func<bool> condition, Instant end) => _loop.RunUntil(condition, end);

    private void Handle(in ScheduledEvent next)
    {
        if (next.Kind == EventKind.Arrival)
            Arrive(next.Value);
        else
            Expire(_hosts[next.Value], next.At);
    }

    private void Arrive(int slot)
    {
        VirtualHost? host = Network.Arrive(slot, Clock.Now, out IPEndPoint from, out ReadOnlySpan<byte> payload);
        if (host?.Node is { } node)
        {
            node.Receive(payload, from, Clock.Now);
            Network.Release(slot);
            Pump(host);
        }
        else
        {
            Network.Release(slot);
        }
    }

    private void Expire(VirtualHost host, Instant at)
    {
        if (host.Node is null || host.ScheduledAt != at)
            return;
        host.ScheduledAt = Instant.Never;
        if (host.Node.NextDeadline <= at)
        {
            host.Node.OnDeadline(at);
            host.Stalls = host.Node.NextDeadline <= at ? host.Stalls + 1 : 0;
            if (host.Stalls > MaxStalls)
                throw new SimulationException($"Host {host.Number} ({host.EndPoint}) spins: its deadline stays at or before {at} (seed {Seed}).");
        }
        Pump(host);
    }

    /// <summary>Only an earlier deadline needs an event of its own; a later one is found when the earlier event comes.</summary>
    private void Schedule(VirtualHost host)
    {
        if (host.Node?.NextDeadline is not { } deadline || deadline >= host.ScheduledAt || deadline == Instant.Never)
            return;
        host.ScheduledAt = deadline < Clock.Now ? Clock.Now : deadline;
        _loop.Queue.Add(host.ScheduledAt, EventKind.Deadline, host.Number);
    }
}
