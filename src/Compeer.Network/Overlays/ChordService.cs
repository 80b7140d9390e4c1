using System.Threading.Channels;
using Compeer.Formats.Multiformats;
using Compeer.Network.Hosting;
using Compeer.Protocols;
using Compeer.Protocols.Chord;
using Compeer.Protocols.Overlays;

namespace Compeer.Network.Overlays;

/// <summary>Takes part in a ring of Chord over the streams of a host: says who owns a key and who replicates it. Thread-safe.</summary>
public sealed class ChordService : IOverlayOwner, IAsyncDisposable
{
    private static readonly TimeSpan JoinAgainAfter = TimeSpan.FromSeconds(3);

    private readonly ChordNode<PeerId> _node;
    private readonly OverlayDriver<ChordMessage<PeerId>> _driver;
    private readonly Dictionary<uint, TaskCompletionSource<ChordEvent<PeerId>.LookupEnded>> _lookups = [];
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Channel<ChordEvent<PeerId>> _events;

    private ChordService(PeerHost host, ChordOptions options)
    {
        _events = Channel.CreateBounded<ChordEvent<PeerId>>(new BoundedChannelOptions(options.MaxEvents) { FullMode = BoundedChannelFullMode.DropOldest });
        _node = new ChordNode<PeerId>(new RingContact<PeerId>(RingKey.Of(host.Id), host.Id), options, SecureRandom.Instance, MonotonicClock.Now);
        var driver = new OverlayDriverOptions { Protocols = [ChordCodec.Protocol], MaxMessageBytes = ChordCodec.MaxBytes };
        _driver = OverlayDriver<ChordMessage<PeerId>>.Start(host, _node, new ChordCodec(new HostAddresses(host)), driver, this);
    }

    /// <summary>Our own place.</summary>
    public RingContact<PeerId> Self => _node.Self;

    /// <summary>Changes of who owns what, the oldest first; of those that nobody takes the newest are kept.</summary>
    public ChannelReader<ChordEvent<PeerId>> Events => _events.Reader;

    /// <summary>The first node of a ring when it starts; others join it.</summary>
    public static ChordService Start(PeerHost host, ChordOptions? options = null) => new(host, options ?? new ChordOptions());

    /// <summary>Joins the ring that a peer is on; asks again until it is there.</summary>
    public async Task JoinAsync(PeerId entry, CancellationToken cancellationToken = default)
    {
        while (!_joined.Task.IsCompleted)
        {
            _driver.Step(now => _node.Join(new RingContact<PeerId>(RingKey.Of(entry), entry), now));
            await Task.WhenAny(_joined.Task, Task.Delay(JoinAgainAfter, cancellationToken));
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <summary>Who owns a key, and after it those that replicate it; empty when nobody was found.</summary>
    /// <param name="key">The key.</param>
    /// <param name="copies">Owner and replicas wanted, at most one more than there are successors in the options.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public Task<ChordEvent<PeerId>.LookupEnded> OwnersOfAsync(RingKey key, int copies, CancellationToken cancellationToken = default)
    {
        var ended = new TaskCompletionSource<ChordEvent<PeerId>.LookupEnded>(TaskCreationOptions.RunContinuationsAsynchronously);
        // Noted before the step ends, so that a lookup that ends at once is told too.
        _driver.Step(now => _lookups[_node.OwnersOf(key, copies, now)] = ended);
        return ended.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Who is before us, and who follow us, nearest first.</summary>
    public (RingContact<PeerId>? Predecessor, RingContact<PeerId>[] Successors) Neighbours() =>
        _driver.Step(_ => (_node.Predecessor, _node.Successors.ToArray()));

    void IOverlayOwner.OnStep(Instant now)
    {
        while (_node.TryTakeEvent(out ChordEvent<PeerId> e))
        {
            if (e is ChordEvent<PeerId>.LookupEnded ended)
            {
                if (_lookups.Remove(ended.Id, out TaskCompletionSource<ChordEvent<PeerId>.LookupEnded>? asked))
                    asked.TrySetResult(ended);
                continue;
            }
            if (e is ChordEvent<PeerId>.Joined)
                _joined.TrySetResult();
            _events.Writer.TryWrite(e);
        }
    }

    public ValueTask DisposeAsync() => _driver.DisposeAsync();
}
