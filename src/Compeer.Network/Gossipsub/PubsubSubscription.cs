using System.Threading.Channels;

namespace Compeer.Network.Gossipsub;

/// <summary>
/// The messages of a topic, as they come. Who reads too slowly loses the oldest ones and sees it in <see cref="Missed"/>. Disposing ends it; with the last one of a
/// topic, the host leaves the topic. Thread-safe; one reader.
/// </summary>
public sealed class PubsubSubscription : IAsyncEnumerable<ReceivedMessage>, IDisposable
{
    private readonly Channel<ReceivedMessage> _waiting;
    private readonly Action<PubsubSubscription> _leave;
    private long _missed;

    internal PubsubSubscription(string topic, int capacity, Action<PubsubSubscription> leave)
    {
        Topic = topic;
        _leave = leave;
        _waiting = Channel.CreateBounded<ReceivedMessage>(
            new BoundedChannelOptions(capacity) { FullMode = BoundedChannelFullMode.DropOldest }, _ => Interlocked.Increment(ref _missed));
    }

    /// <summary>The topic.</summary>
    public string Topic { get; }

    /// <summary>Messages that were lost because they were not read in time.</summary>
    public long Missed => Interlocked.Read(ref _missed);

    /// <summary>The next message.</summary>
    /// <exception cref="ChannelClosedException">It has ended.</exception>
    public ValueTask<ReceivedMessage> ReadAsync(CancellationToken cancellationToken = default) => _waiting.Reader.ReadAsync(cancellationToken);

    /// <summary>All messages until it ends.</summary>
    public IAsyncEnumerator<ReceivedMessage> GetAsyncEnumerator(CancellationToken cancellationToken = default) =>
        _waiting.Reader.ReadAllAsync(cancellationToken).GetAsyncEnumerator(cancellationToken);

    public void Dispose()
    {
        if (_waiting.Writer.TryComplete())
            _leave(this);
    }

    internal void Put(ReceivedMessage message) => _waiting.Writer.TryWrite(message);
}
