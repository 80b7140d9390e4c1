using Compeer.Protocols;
using Compeer.Protocols.Overlays;
using Compeer.Simulator.Faults;
using Compeer.Simulator.Randomness;
using Compeer.Simulator.Scheduling;

namespace Compeer.Simulator.Messaging;

/// <summary>
/// A virtual world of overlay machines whose peers are numbers: no addresses, no bytes, so that 100,000 nodes fit into one
/// process. Single-threaded and deterministic: equal seeds and equal calls give equal traces.
/// </summary>
public sealed class MessageSimulation<TMachine, TMessage>
    where TMachine : class, IOverlayMachine<int, TMessage>
    where TMessage : struct, IOverlayMessage
{
    /// <summary>After so many deadlines without progress a machine counts as spinning.</summary>
    private const int MaxStalls = 1000;

    private readonly EventLoop _loop;
    private readonly MessageNetworkOptions _options;
    private readonly SeededRandom _random;
    private readonly List<TMachine?> _machines = [];
    private readonly List<Instant> _scheduled = [];
    private readonly Stack<int> _free = new();
    private readonly OpenLinks _links;
    private InFlight[] _slots = new InFlight[1024];
    private int _slotCount;
    private int _stalls;

    /// <summary>An empty world.</summary>
    public MessageSimulation(Seed seed, MessageNetworkOptions? options = null, int traceLines = 0)
    {
        Seed = seed;
        Trace = new Trace(traceLines);
        _options = options ?? new MessageNetworkOptions();
        _random = seed.Stream("messages");
        _links = new OpenLinks(_options.NatOf, _options.Punches, seed.Derive("holes"));
        _loop = new EventLoop(Handle);
    }

    /// <summary>Called when a node has taken a step: the place to take its events.</summary>
    public Action<int, TMachine>? AfterStep { get; set; }

    /// <summary>Told of every delivery: the receiver and the message.</summary>
    public Action<int, TMessage>? OnDelivery { get; set; }

    /// <summary>What every random stream of the world is derived from.</summary>
    public Seed Seed { get; }

    /// <summary>The world's time.</summary>
    public Instant Now => _loop.Clock.Now;

    /// <summary>Time since the world began.</summary>
    public TimeSpan Elapsed => _loop.Clock.Elapsed;

    /// <summary>What was delivered so far.</summary>
    public Trace Trace { get; }

    /// <summary>Events handled so far.</summary>
    public long Events => _loop.Events;

    /// <summary>Nodes, up or down.</summary>
    public int Count => _machines.Count;

    /// <summary>Messages sent so far, by the number of their kind.</summary>
    public long[] Sent { get; } = new long[32];

    /// <summary>Messages given back so far, because nobody was there or could be reached.</summary>
    public long GivenBack { get; private set; }

    /// <summary>Messages that reached a node so far, by the number of their kind.</summary>
    public long[] Delivered { get; } = new long[32];

    /// <summary>The machine of a node; null while it is down.</summary>
    public TMachine? this[int node] => node >= 0 && node < _machines.Count ? _machines[node] : null;

    /// <summary>Starts a machine at a number: a new one at the end, or again where the node is down.</summary>
    public void Start(int node, TMachine machine)
    {
        while (_machines.Count <= node)
        {
            _machines.Add(null);
            _scheduled.Add(Instant.Never);
        }
        _machines[node] = machine;
        _scheduled[node] = Instant.Never;
        Pump(node);
    }

    /// <summary>Ends a machine without a word to anybody.</summary>
    public void Stop(int node)
    {
        _machines[node] = null;
        _scheduled[node] = Instant.Never;
        _links.Forget(node);
    }

    /// <summary>Sends what a machine wants to send after an intent was given to it, and notes its deadline.</summary>
    public void Pump(int node)
    {
        if (_machines[node] is not { } machine)
            return;
        Send(node, machine);
        if (AfterStep is { } afterStep)
        {
            afterStep(node, machine);
            Send(node, machine);
        }
        Instant deadline = machine.NextDeadline;
        if (deadline >= _scheduled[node] || _machines[node] != machine)
            return;
        // Only an earlier deadline needs an event of its own; a later one is found when the earlier event comes.
        _scheduled[node] = deadline < Now ? Now : deadline;
        _loop.Queue.Add(_scheduled[node], EventKind.Deadline, node);
    }

    /// <summary>Calls back at an instant.</summary>
    public void At(Instant when, Action action) => _loop.At(when, action);

    /// <summary>Calls back after a time.</summary>
    public void After(TimeSpan delay, Action action) => _loop.At(Now + delay, action);

    /// <summary>Handles every event of the next while.</summary>
    public void RunFor(TimeSpan span) => _loop.RunUntil(Now + span);

    /// <summary>Handles events until the condition holds; false when it did not in the next while. Asked after each event.</summary>
    public bool RunUntil(Func<bool> condition, TimeSpan atMost) => _loop.RunUntil(condition, Now + atMost);

    /// <summary>Lets nodes come and go as a trace says.</summary>
    /// <param name="trace">Hosts are nodes.</param>
    /// <param name="join">Makes and starts a node that comes.</param>
    /// <param name="leave">Told before a node goes.</param>
    public void Follow(ChurnTrace trace, Action<int> join, Action<int> leave)
    {
        ArgumentNullException.ThrowIfNull(trace);
        foreach (ChurnEvent e in trace.Events)
        {
            At(e.At, () =>
            {
                if (e.Joins && this[e.Host] is null)
                    join(e.Host);
                else if (!e.Joins && this[e.Host] is not null)
                {
                    leave(e.Host);
                    Stop(e.Host);
                }
            });
        }
    }

    private void Send(int node, TMachine machine)
    {
        while (machine.TryTransmit(out int to, out TMessage message))
        {
            Sent[message.KindNumber]++;
            FaultPhase? fault = _options.Faults.At(Now);
            if (_random.Chance(_options.Loss) || (fault is not null && _random.Chance(fault.Loss)))
                continue;
            if (!_free.TryPop(out int slot))
            {
                slot = _slotCount++;
                if (slot == _slots.Length)
                    Array.Resize(ref _slots, slot * 2);
            }
            _slots[slot] = new InFlight { From = node, To = to, Message = message };
            bool isCut = (fault is not null && _options.Faults.IsCut(fault, node, to)) || !_links.Reaches(node, to);
            TimeSpan delay = isCut ? _options.DialTimeout : _options.Latency.OneWay(node, to) + _random.NextSpan(_options.Jitter);
            _loop.Queue.Add(Now + delay, isCut ? EventKind.Undelivered : EventKind.Arrival, slot);
        }
    }

    private void Handle(in ScheduledEvent next)
    {
        if (next.Kind == EventKind.Deadline)
        {
            Expire(next.Value, next.At);
            return;
        }
        int slot = next.Value;
        InFlight flight = _slots[slot];
        if (next.Kind == EventKind.Arrival && this[flight.To] is { } receiver)
        {
            Release(slot);
            _links.Note(flight.From, flight.To);
            if (_options.Swallows(flight.To))
                return;
            Trace.Delivered(Now, flight.From, flight.To, flight.Message.Digest);
            Delivered[flight.Message.KindNumber]++;
            OnDelivery?.Invoke(flight.To, flight.Message);
            receiver.Receive(flight.From, flight.Message, Now);
            Pump(flight.To);
        }
        else if (next.Kind == EventKind.Arrival)
        {
            _loop.Queue.Add(Now + _options.DialTimeout, EventKind.Undelivered, slot);
        }
        else
        {
            Release(slot);
            GivenBack++;
            if (this[flight.From] is { } sender)
            {
                sender.OnUndelivered(flight.To, flight.Message, Now);
                Pump(flight.From);
            }
        }
    }

    private void Release(int slot)
    {
        _slots[slot] = default;
        _free.Push(slot);
    }

    private void Expire(int node, Instant at)
    {
        if (_machines[node] is not { } machine || _scheduled[node] != at)
            return;
        _scheduled[node] = Instant.Never;
        if (machine.NextDeadline <= at)
        {
            machine.OnDeadline(at);
            _stalls = machine.NextDeadline <= at ? _stalls + 1 : 0;
            if (_stalls > MaxStalls)
                throw new SimulationException($"Node {node} spins: its deadline stays at or before {at} (seed {Seed}).");
        }
        Pump(node);
    }

    private struct InFlight
    {
        public int From;
        public int To;
        public TMessage Message;
    }
}
