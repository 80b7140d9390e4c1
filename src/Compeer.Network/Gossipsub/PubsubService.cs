using System.Collections.Concurrent;
using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.Hosting;
using Compeer.Network.Overlays;
using Compeer.Protocols;
using Compeer.Protocols.Gossipsub;

namespace Compeer.Network.Gossipsub;

/// <summary>
/// Publishes and subscribes among the peers of a host: gossipsub with those that speak it, floodsub with the others. Thread-safe. Bounds in <see cref="PubsubOptions"/>.
/// <code>
/// await using PubsubService pubsub = PubsubService.Start(host, new PubsubOptions());
/// using PubsubSubscription news = pubsub.Subscribe("news");
/// await pubsub.PublishAsync("news", "Hello"u8.ToArray());
/// </code>
/// Spec: libp2p/specs pubsub/README.md, gossipsub v1.0 to v1.2.
/// </summary>
public sealed partial class PubsubService : IOverlayOwner, IAsyncDisposable
{
    private readonly PeerHost _host;
    private readonly PubsubOptions _options;
    private readonly GossipsubOptions _rules;
    private readonly GossipsubRouter<PeerId> _router;
    private readonly OverlayDriver<GossipsubRpc> _driver;
    private readonly TaskScope _scope = new();
    private readonly SemaphoreSlim _validations;
    private readonly ConcurrentQueue<GossipsubEvent<PeerId>> _events = new();
    private readonly ConcurrentDictionary<string, MessageValidator[]> _validators = [];
    private readonly Dictionary<string, List<PubsubSubscription>> _subscriptions = [];
    private ulong _number = (ulong)DateTime.UtcNow.Ticks;

    private PubsubService(PeerHost host, PubsubOptions options)
    {
        (_host, _options) = (host, options);
        _rules = options.Signatures == SignaturePolicy.StrictNoSign && options.Gossipsub.IdOf == GossipsubOptions.OriginStamp
            ? options.Gossipsub with { IdOf = GossipsubOptions.ContentHash }
            : options.Gossipsub;
        _validations = new SemaphoreSlim(options.MaxValidations);
        _router = new GossipsubRouter<PeerId>(_rules, SecureRandom.Instance, MonotonicClock.Now)
        {
            AuthorOf = AuthorOf,
            Describe = options.OffersPeers ? Describe : null,
        };
        _driver = OverlayDriver<GossipsubRpc>.Start(host, new ConnectedRouter(_router), GossipsubRpcCodec.Instance, new OverlayDriverOptions
        {
            Protocols = options.Protocols,
            Dials = false,
            LosesWhenFull = true,
            MaxMessageBytes = options.MaxRpcBytes,
            MaxQueuedBytes = options.MaxQueuedBytes,
            IdleFor = TimeSpan.MaxValue,
        }, this);
    }

    /// <summary>All protocols, the best first.</summary>
    public static IReadOnlyList<string> AllProtocols { get; } = ["/meshsub/1.2.0", "/meshsub/1.1.0", "/meshsub/1.0.0", "/floodsub/1.0.0"];

    /// <summary>Told when a connected peer begins (true) or ends to take part in a topic of ours. Not under a lock.</summary>
    public event Action<PeerId, string, bool>? SubscriptionChanged;

    /// <summary>Told when a validator threw; its message is ignored.</summary>
    public event Action<ReceivedMessage, Exception>? ValidatorFailed;

    /// <summary>The topics that we take part in.</summary>
    public IReadOnlyList<string> Topics => _driver.Step(_ => _router.Topics.ToArray());

    /// <summary>RPCs that were lost because peers did not take them in time.</summary>
    public long Lost => _driver.Lost;

    /// <summary>Serves the protocols, and speaks with all connected peers that have one of them.</summary>
    public static PubsubService Start(PeerHost host, PubsubOptions options)
    {
        var service = new PubsubService(host, options);
        host.Identified += service.OnIdentified;
        host.Disconnected += service.OnDisconnected;
        foreach (HostConnection connection in host.Connections)
            service.OnIdentified(connection);
        return service;
    }

    /// <summary>Connected peers that take part in a topic.</summary>
    public IReadOnlyList<PeerId> PeersOf(string topic) => _driver.Step(_ => _router.PeersOf(topic).ToArray());

    /// <summary>The peers with whom we exchange all messages of a topic.</summary>
    public IReadOnlyList<PeerId> MeshOf(string topic) => _driver.Step(_ => _router.MeshOf(topic).ToArray());

    /// <summary>What we think of a peer; 0 for one that is not known.</summary>
    public double ScoreOf(PeerId peer) => _driver.Step(_ => _router.Scores.Of(peer));

    /// <summary>What the application thinks of a peer goes into its score.</summary>
    public void SetApplicationScore(PeerId peer, double value) => _driver.Step(_ => _router.Scores.SetByApplication(peer, value));

    /// <summary>Takes part in a topic; its messages come to what is returned.</summary>
    /// <exception cref="ArgumentException">The name is too long for others to read.</exception>
    public PubsubSubscription Subscribe(string topic)
    {
        ThrowIfTooLong(topic);
        var subscription = new PubsubSubscription(topic, _options.MaxWaiting, Leave);
        _driver.Step(now =>
        {
            if (!_subscriptions.TryGetValue(topic, out List<PubsubSubscription>? all))
                _subscriptions[topic] = all = [];
            all.Add(subscription);
            _router.Subscribe(topic, now);
        });
        return subscription;
    }

    /// <summary>Judges the messages of a topic from now on; of several validators, each must accept. It runs after the signature was checked.</summary>
    public void Validate(string topic, MessageValidator validator) => _validators.AddOrUpdate(topic, [validator], (_, before) => [.. before, validator]);

    /// <summary>The same for one that decides at once.</summary>
    public void Validate(string topic, Func<ReceivedMessage, Verdict> validator) => Validate(topic, (message, _) => ValueTask.FromResult(validator(message)));

    /// <summary>
    /// Publishes a message to those who take part in a topic, whether or not we do; when most of them are slower than we, waits for them.
    /// </summary>
    /// <exception cref="ArgumentException">The name of the topic is too long, the message is longer than <see cref="GossipsubOptions.MaxDataBytes"/>, or, without signatures, was published a moment ago.</exception>
    public async ValueTask<MessageId> PublishAsync(string topic, ReadOnlyMemory<byte> data, CancellationToken cancellationToken = default)
    {
        ThrowIfTooLong(topic);
        if (data.Length > _rules.MaxDataBytes)
            throw new ArgumentException($"A message of {data.Length} bytes is longer than {_rules.MaxDataBytes}.", nameof(data));
        await _driver.WaitForRoomAsync(cancellationToken);
        var message = new PubsubMessage(topic, data.ToArray());
        if (_options.Signatures == SignaturePolicy.StrictSign)
            message = MessageSigning.Sign(message, Interlocked.Increment(ref _number), _host.Options.Identity);
        MessageId id = _rules.IdOf(message);
        bool isNew = _driver.Step(now =>
        {
            if (!_router.Publish(message, now))
                return false;
            if (_options.HearsItself)
                Deliver(new ReceivedMessage(id, topic, message.Data, message.From is null ? null : _host.Id, _host.Id, message));
            return true;
        });
        return isNew ? id : throw new ArgumentException("The same message was published a moment ago.", nameof(data));
    }

    /// <summary>Leaves all topics, and closes the streams.</summary>
    public async ValueTask DisposeAsync()
    {
        _host.Identified -= OnIdentified;
        _host.Disconnected -= OnDisconnected;
        foreach (PubsubSubscription subscription in _driver.Step(_ => _subscriptions.Values.SelectMany(s => s).ToArray()))
            subscription.Dispose();
        await _driver.DisposeAsync();
        await _scope.DisposeAsync();
        _validations.Dispose();
    }

    private static void ThrowIfTooLong(string topic)
    {
        if (Encoding.UTF8.GetByteCount(topic) > GossipsubRpcCodec.MaxTopicBytes)
            throw new ArgumentException($"The name of a topic has at most {GossipsubRpcCodec.MaxTopicBytes} bytes.", nameof(topic));
    }

    private void Leave(PubsubSubscription subscription) => _driver.Step(now =>
    {
        List<PubsubSubscription> all = _subscriptions[subscription.Topic];
        all.Remove(subscription);
        if (all.Count > 0)
            return;
        _subscriptions.Remove(subscription.Topic);
        _router.Unsubscribe(subscription.Topic, now);
    });

    /// <summary>Under the driver's lock.</summary>
    private void Deliver(ReceivedMessage message)
    {
        if (!_subscriptions.TryGetValue(message.Topic, out List<PubsubSubscription>? all))
            return;
        foreach (PubsubSubscription subscription in all)
            subscription.Put(message);
    }
}
