using System.Buffers;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Hosting;
using Compeer.Protocols;
using Compeer.Protocols.Overlays;

namespace Compeer.Network.Overlays;

/// <summary>
/// Runs a machine of an overlay over the streams of a host: one outgoing stream a peer, messages with their length before them, in order. The machine is
/// only touched under one lock; others reach it by <see cref="Step(Action{Instant})"/>. Thread-safe; bounds in <see cref="OverlayDriverOptions"/>.
/// </summary>
public sealed partial class OverlayDriver<TMessage> : IAsyncDisposable
    where TMessage : struct
{
    private static readonly TimeSpan SweepEvery = TimeSpan.FromSeconds(5);

    private readonly PeerHost _host;
    private readonly IOverlayMachine<PeerId, TMessage> _machine;
    private readonly IOverlayCodec<TMessage> _codec;
    private readonly OverlayDriverOptions _options;
    private readonly IOverlayOwner? _owner;
    private readonly Lock _lock = new();
    private readonly TaskScope _scope = new();
    private readonly SharedTimer _timer;
    private readonly Dictionary<PeerId, OverlayLink<TMessage>> _links = [];
    private readonly Dictionary<PeerId, List<DuplexStream>> _reading = [];
    private readonly Queue<(PeerId To, TMessage Message)> _returned = new();
    private readonly ArrayBufferWriter<byte> _encoded = new();
    private TaskCompletionSource? _room;
    private Instant _sweepAt = Instant.Never;
    private bool _isEnding;

    private OverlayDriver(PeerHost host, IOverlayMachine<PeerId, TMessage> machine, IOverlayCodec<TMessage> codec, OverlayDriverOptions options, IOverlayOwner? owner)
    {
        (_host, _machine, _codec, _options, _owner) = (host, machine, codec, options, owner);
        _timer = new SharedTimer(() => _scope.TryRun(_ =>
        {
            Step(static _ => { });
            return Task.CompletedTask;
        }));
    }

    /// <summary>Messages that were lost because their peer's queue was full.</summary>
    public long Lost { get; private set; }

    /// <summary>Streams that were reset for what they brought.</summary>
    public long Faults { get; private set; }

    /// <summary>Serves the protocols, and drives the machine from now on.</summary>
    /// <param name="host">Gives the streams; outlives the driver.</param>
    /// <param name="machine">Touched by nobody else from now on but under <see cref="Step(Action{Instant})"/>.</param>
    /// <param name="codec">Its messages.</param>
    /// <param name="options">Protocols and bounds.</param>
    /// <param name="owner">Told after each step.</param>
#pragma warning disable CA1000 // The constructor must not be seen: a driver is only of use once it is started.
    public static OverlayDriver<TMessage> Start(
        PeerHost host, IOverlayMachine<PeerId, TMessage> machine, IOverlayCodec<TMessage> codec, OverlayDriverOptions options, IOverlayOwner? owner = null)
#pragma warning restore CA1000
    {
        var driver = new OverlayDriver<TMessage>(host, machine, codec, options, owner);
        foreach (string protocol in options.Protocols)
            host.Handle(protocol, driver.ReadAsync);
        host.Disconnected += driver.OnDisconnected;
        driver.Step(static _ => { });
        return driver;
    }

    /// <summary>Uses the machine, and sends what it then wants to send.</summary>
    public void Step(Action<Instant> use) => Step(now =>
    {
        use(now);
        return true;
    });

    /// <summary>The same with an answer.</summary>
    public T Step<T>(Func<Instant, T> use)
    {
        lock (_lock)
        {
            Instant now = MonotonicClock.Now;
            T answer = use(now);
            if (_isEnding)
                return answer;
            // What comes back while these are handled waits for the next step, so a machine that insists does not turn in circles.
            for (int count = _returned.Count; count > 0; count--)
            {
                (PeerId to, TMessage message) = _returned.Dequeue();
                _machine.OnUndelivered(to, message, now);
            }
            if (_machine.NextDeadline <= now)
                _machine.OnDeadline(now);
            while (_machine.TryTransmit(out PeerId to, out TMessage message))
                Enqueue(to, message, now);
            _owner?.OnStep(now);
            if (_sweepAt <= now)
                Sweep(now);
            _host.Timers.Schedule(_timer, Instant.Min(_returned.Count > 0 ? now + SharedTimers.Resolution : _sweepAt, _machine.NextDeadline));
            return answer;
        }
    }

    /// <summary>Waits, at most <see cref="OverlayDriverOptions.StalledFor"/>, while the queues of most peers are more than half full; a few that do not read keep nobody waiting.</summary>
    public async ValueTask WaitForRoomAsync(CancellationToken cancellationToken = default)
    {
        Task room;
        lock (_lock)
        {
            if (!IsCrowded())
                return;
            room = (_room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
        await Task.WhenAny(room, Task.Delay(_options.StalledFor, cancellationToken));
        cancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Serves no more, and closes the streams; the machine is not driven any more.</summary>
    public async ValueTask DisposeAsync()
    {
        foreach (string protocol in _options.Protocols)
            _host.Unhandle(protocol);
        _host.Disconnected -= OnDisconnected;
        DuplexStream[] reading;
        lock (_lock)
        {
            _isEnding = true;
            reading = [.. _reading.Values.SelectMany(s => s)];
        }
        _host.Timers.Schedule(_timer, Instant.Never);
        foreach (DuplexStream stream in reading)
            stream.Abort();
        await _scope.DisposeAsync();
        foreach (OverlayLink<TMessage> link in _links.Values)
            link.Stream?.Dispose();
    }

    /// <summary>Puts a message into its peer's queue. Under the lock.</summary>
    private void Enqueue(PeerId to, in TMessage message, Instant now)
    {
        if (!_links.TryGetValue(to, out OverlayLink<TMessage>? link))
        {
            if (_links.Count >= _options.MaxPeers)
            {
                _returned.Enqueue((to, message));
                return;
            }
            _links[to] = link = new OverlayLink<TMessage>(to) { MovedAt = now };
            if (_sweepAt == Instant.Never)
                _sweepAt = now + SweepEvery;
        }
        if (link.Count >= _options.MaxQueuedMessages || link.Bytes >= _options.MaxQueuedBytes)
        {
            Lost++;
            if (!_options.LosesWhenFull)
                _returned.Enqueue((to, message));
            return;
        }
        _encoded.ResetWrittenCount();
        _codec.Encode(message, _encoded);
        link.Add(message, UnsignedVarint.Framed(_encoded.WrittenSpan));
        if (!link.IsWriting)
            link.IsWriting = _scope.TryRun(token => WriteAsync(link, token));
    }

    /// <summary>Gives up streams that are stuck, and closes idle ones. Under the lock.</summary>
    private void Sweep(Instant now)
    {
        foreach (OverlayLink<TMessage> link in _links.Values)
        {
            TimeSpan still = now - link.MovedAt;
            if (link.IsWriting && still > _options.StalledFor)
            {
                link.Stream?.Abort();
            }
            else if (!link.IsWriting && still > _options.IdleFor)
            {
                _links.Remove(link.Peer);
                link.Stream?.Dispose();
            }
        }
        _sweepAt = _links.Count > 0 ? now + SweepEvery : Instant.Never;
    }

    /// <summary>Forgets a link; what it did not deliver goes back to the machine. Under the lock.</summary>
    private void Break(OverlayLink<TMessage> link)
    {
        if (_links.GetValueOrDefault(link.Peer) == link)
            _links.Remove(link.Peer);
        foreach (TMessage message in link.Undelivered())
            _returned.Enqueue((link.Peer, message));
    }

    private bool IsCrowded() =>
        2 * _links.Values.Count(l => l.Count > _options.MaxQueuedMessages / 2 || l.Bytes > _options.MaxQueuedBytes / 2) > _links.Count;

    private void OnDisconnected(HostConnection connection)
    {
        lock (_lock)
        {
            // A link that somebody writes to breaks by itself.
            if (_links.GetValueOrDefault(connection.RemotePeer) is not { IsWriting: false } link || link.Stream?.Connection != connection)
                return;
            _links.Remove(connection.RemotePeer);
            link.Stream.Dispose();
        }
        _owner?.OnLost(connection.RemotePeer);
    }
}
