using System.Buffers;
using System.Net;
using Compeer.Network.Connections;
using Compeer.Network.Transports;
using Compeer.Protocols;
using Compeer.Protocols.Stun;

namespace Compeer.Network.Stun;

/// <summary>
/// Asks STUN servers through a shared UDP port, so that what is learnt is the mapped address of that very port.
/// Add it to the endpoint before a <see cref="StunServer"/>. Thread-safe.
/// </summary>
public sealed class StunClient : IDatagramReceiver, IAsyncDisposable
{
    private readonly IDatagramPath _path;
    private readonly StunBindings _bindings = new(SecureRandom.Instance);
    private readonly Dictionary<int, TaskCompletionSource<StunBindingOutcome>> _waiting = [];
    private readonly Lock _lock = new();
    private readonly TaskScope _scope = new();
    private readonly DeadlineLoop _loop;
    private readonly ArrayBufferWriter<byte> _output = new(128);

    /// <param name="path">The port, not owned; it outlives the client.</param>
    public StunClient(IDatagramPath path)
    {
        _path = path;
        _loop = new DeadlineLoop(Step);
        _scope.TryRun(_loop.RunAsync);
    }

    /// <summary>Asks one question. Ends after 39.5 s of silence, or as <paramref name="options"/> say, without an answer.</summary>
    public async Task<StunBindingOutcome> AskAsync(StunBindingRequest request, StunTransactionOptions? options, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource<StunBindingOutcome>(TaskCreationOptions.RunContinuationsAsynchronously);
        int? number;
        lock (_lock)
        {
            number = _bindings.TryBegin(request, options ?? new(), MonotonicClock.Now);
            if (number is not { } begun)
                return new StunBindingOutcome(-1, request, null, null);
            _waiting.Add(begun, done);
        }
        _loop.Wake();
        try
        {
            using CancellationTokenRegistration registration = cancellationToken.Register(() => done.TrySetCanceled(cancellationToken));
            return await done.Task;
        }
        finally
        {
            lock (_lock)
            {
                _bindings.Abandon(number.Value);
                _waiting.Remove(number.Value);
            }
        }
    }

    /// <summary>The address and port that a server sees; null when it does not answer.</summary>
    public async Task<IPEndPoint?> FindMappedAsync(IPEndPoint server, CancellationToken cancellationToken) =>
        (await AskAsync(new StunBindingRequest(server), null, cancellationToken)).Answer?.Mapped;

    /// <summary>Finds out how the NAT in front of the port behaves; takes up to 10 s.</summary>
    /// <param name="servers">Servers of one address family; one that has two addresses tells most, else two tell the mapping.</param>
    /// <param name="ownAddresses">The addresses of this machine.</param>
    /// <param name="ownPort">The local port.</param>
    /// <param name="cancellationToken">Ends the questions.</param>
    public async Task<NatBehaviour> DiscoverAsync(
        IEnumerable<IPEndPoint> servers, IReadOnlyCollection<IPAddress> ownAddresses, int ownPort, CancellationToken cancellationToken)
    {
        var discovery = new NatDiscovery(servers, ownAddresses, ownPort);
        List<Task<StunBindingOutcome>> open = [];
        while (discovery.Result is null)
        {
            while (discovery.TryNext(out StunBindingRequest question))
                open.Add(AskAsync(question, StunTransactionOptions.Brief, cancellationToken));
            Task<StunBindingOutcome> ended = await Task.WhenAny(open);
            open.Remove(ended);
            StunBindingOutcome outcome = await ended;
            discovery.OnOutcome(outcome.Request, outcome.Answer);
        }
        return discovery.Result;
    }

    public bool TryReceive(ReadOnlySpan<byte> datagram, IPEndPoint from)
    {
        lock (_lock)
        {
            if (!_bindings.Receive(datagram, from, MonotonicClock.Now))
                return false;
        }
        _loop.Wake();
        return true;
    }

    public async ValueTask DisposeAsync()
    {
        await _scope.DisposeAsync();
        lock (_lock)
        {
            foreach (TaskCompletionSource<StunBindingOutcome> waiting in _waiting.Values)
                waiting.TrySetCanceled();
        }
    }

    private Instant? Step()
    {
        lock (_lock)
        {
            Instant now = MonotonicClock.Now;
            _bindings.OnDeadline(now);
            while (_bindings.TryTransmit(_output, out IPEndPoint to, now))
            {
                _path.TrySend(_output.WrittenSpan, to);
                _output.ResetWrittenCount();
            }
            while (_bindings.TryTakeEvent(out StunBindingOutcome outcome))
            {
                if (_waiting.TryGetValue(outcome.Number, out TaskCompletionSource<StunBindingOutcome>? waiting))
                    waiting.TrySetResult(outcome);
            }
            return _bindings.NextDeadline;
        }
    }
}
