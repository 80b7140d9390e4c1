using System.Net;
using Compeer.Protocols.Trackers;

namespace Compeer.Protocols.HolePunching;

/// <summary>
/// The hole punching of one torrent, in all three roles: it asks connected peers to introduce us to those we cannot dial,
/// introduces others to each other, and says when to dial because somebody was introduced to us. Peers are known by their
/// number. Messages and events are to be taken after each call. Single-threaded; what it remembers, and what it may be made to send, is bounded by <see cref="HolePunchingOptions"/>.
/// </summary>
/// <remarks>
/// Spec: BEP 55. DEVIATION: when one of two introduced peers has a port at a relay, the other gets a second Connect with it a
/// little later. To whoever does not know of relays it is one more address to dial.
/// </remarks>
public sealed class HolePunching(HolePunchingOptions options)
{
    private readonly Dictionary<int, Peer> _peers = [];
    private readonly Dictionary<IPEndPoint, int> _byEndPoint = [];
    private readonly Dictionary<IPEndPoint, Question> _questions = [];
    private readonly Introductions _introductions = new(options.MaxIntroductions, options.MaxIntroducersPerTarget);
    private readonly PunchLimits _limits = new(options);
    private readonly Queue<(int To, HolePunchMessage Message)> _messages = new();
    private readonly Queue<HolePunchEvent> _events = new();
    private readonly Queue<(Instant Due, int To, IPEndPoint Relayed)> _relayed = new();

    /// <summary>When <see cref="OnDeadline"/> wants to be called.</summary>
    public Instant NextDeadline => Instant.Min(
        _questions.Count == 0 ? Instant.Never : _questions.Values.Min(q => q.Deadline), _relayed.TryPeek(out var next) ? next.Due : Instant.Never);

    /// <summary>A peer is connected, or more is known of it.</summary>
    /// <param name="peer">Its number.</param>
    /// <param name="facts">What is known of it.</param>
    /// <param name="now">Now.</param>
    public void OnPeer(int peer, HolePunchPeer facts, Instant now)
    {
        if (_peers.TryGetValue(peer, out Peer? known))
        {
            ForgetEndPoints(peer, known);
            known.Facts = facts;
        }
        else
        {
            _peers[peer] = new Peer(facts, options);
        }
        // Whoever is first at an endpoint keeps it: a later one may only claim to listen there.
        _byEndPoint.TryAdd(facts.Remote, peer);
        if (facts.Listen is { } listen)
            _byEndPoint.TryAdd(listen, peer);
        foreach (Question question in _questions.Values.Where(q => q.Relay is null).ToArray())
            TryAskNext(question, now);
    }

    /// <summary>A peer is connected no more.</summary>
    public void OnPeerGone(int peer)
    {
        if (_peers.Remove(peer, out Peer? gone))
            ForgetEndPoints(peer, gone);
    }

    /// <summary>A peer named an address (peer exchange), so it may be connected to it.</summary>
    public void OnIntroduced(int by, IPEndPoint target) => _introductions.Add(target, by);

    /// <summary>
    /// We cannot dial <paramref name="target"/>: asks a connected peer to introduce us, those that named it first, now or
    /// when one is there. False when it is being asked for, is connected or cannot be a peer, or too many are asked for.
    /// </summary>
    public bool Ask(IPEndPoint target, Instant now)
    {
        if (_questions.ContainsKey(target) || _questions.Count >= options.MaxQuestions || IsConnected(target) || !IsPlausible(target))
            return false;
        var question = new Question(target, now + options.Patience);
        _questions[target] = question;
        TryAskNext(question, now);
        return true;
    }

    /// <summary>A message of a peer. Those that make no sense are passed over in silence, as BEP 55 has it.</summary>
    public void Receive(int from, HolePunchMessage message, Instant now)
    {
        // We could not answer a peer that did not say it speaks this.
        if (!_peers.TryGetValue(from, out Peer? peer) || !peer.Facts.Supports)
            return;
        switch (message.Type)
        {
            case HolePunchMessageType.Rendezvous:
                OnRendezvous(from, peer, message.EndPoint, now);
                break;
            case HolePunchMessageType.Connect:
                OnConnect(from, peer, message.EndPoint, now);
                break;
            case HolePunchMessageType.Error:
                if (_questions.TryGetValue(message.EndPoint, out Question? question) && question.Relay == from)
                    GoOn(question, message.Error, now);
                break;
        }
    }

    /// <summary>Gives up relays that did not answer in time, and tells of ports at relays.</summary>
    public void OnDeadline(Instant now)
    {
        while (_relayed.TryPeek(out var next) && next.Due <= now)
        {
            _relayed.Dequeue();
            if (_peers.ContainsKey(next.To))
                _messages.Enqueue((next.To, new HolePunchMessage(HolePunchMessageType.Connect, next.Relayed)));
        }
        foreach (Question question in _questions.Values.Where(q => q.Deadline <= now).ToArray())
            GoOn(question, HolePunchError.None, now);
    }

    /// <summary>Takes the next message to send.</summary>
    public bool TryTakeMessage(out int to, out HolePunchMessage message)
    {
        bool any = _messages.TryDequeue(out (int To, HolePunchMessage Message) next);
        (to, message) = next;
        return any;
    }

    /// <summary>Takes the next event.</summary>
    public bool TryTakeEvent(out HolePunchEvent? happened) => _events.TryDequeue(out happened);

    private void OnRendezvous(int from, Peer initiator, IPEndPoint target, Instant now)
    {
        if (!initiator.Asks.TryTake(now))
            return;
        HolePunchError error = Judge(from, initiator, target, out int to);
        if (error != HolePunchError.None)
        {
            _messages.Enqueue((from, new HolePunchMessage(HolePunchMessageType.Error, target, error)));
            return;
        }
        // Many initiators together must not flood one target either.
        if (!_peers[to].Connects.TryTake(now))
            return;
        _messages.Enqueue((to, new HolePunchMessage(HolePunchMessageType.Connect, initiator.Facts.Reachable)));
        _messages.Enqueue((from, new HolePunchMessage(HolePunchMessageType.Connect, _peers[to].Facts.Reachable)));
        if (_relayed.Count < options.MaxQuestions && RelayedWay(from, to) is { } way)
            _relayed.Enqueue((now + options.RelayDelay, way.To, way.Relayed));
    }

    /// <summary>Whom to tell of whose port at a relay. Of two such ports one is enough, and each of the two peers may ask: the choice is the same.</summary>
    private (int To, IPEndPoint Relayed)? RelayedWay(int from, int to)
    {
        IPEndPoint? ofInitiator = UsableRelayed(from), ofTarget = UsableRelayed(to);
        bool isTargets = ofInitiator is null || (ofTarget is not null && string.CompareOrdinal(ofInitiator.ToString(), ofTarget.ToString()) < 0);
        return (isTargets ? ofTarget : ofInitiator) is { } relayed ? (isTargets ? from : to, relayed) : null;
    }

    /// <summary>A peer's port at a relay, if it could be one: nobody may name an address that reaches less far than its own.</summary>
    private IPEndPoint? UsableRelayed(int peer)
    {
        HolePunchPeer facts = _peers[peer].Facts;
        return facts.Relayed is { } relayed && IsPlausible(relayed) && AddressReaches.Of(relayed.Address) >= AddressReaches.Of(facts.Remote.Address)
            && relayed.AddressFamily == facts.Remote.AddressFamily ? relayed : null;
    }

    private HolePunchError Judge(int from, Peer initiator, IPEndPoint target, out int to)
    {
        to = -1;
        if (target.Equals(initiator.Facts.Ours))
            return HolePunchError.NoSelf;
        if (!IsPlausible(target))
            return HolePunchError.NoSuchPeer;
        if (!_byEndPoint.TryGetValue(target, out to))
            return HolePunchError.NotConnected;
        if (to == from)
            return HolePunchError.NoSuchPeer;
        Peer found = _peers[to];
        // A peer of the local network and one outside cannot use each other's addresses.
        if (AddressReaches.Of(found.Facts.Remote.Address) != AddressReaches.Of(initiator.Facts.Remote.Address)
            || found.Facts.Remote.AddressFamily != initiator.Facts.Remote.AddressFamily)
            return HolePunchError.NotConnected;
        return found.Facts.Supports ? HolePunchError.None : HolePunchError.NoSupport;
    }

    private void OnConnect(int from, Peer relay, IPEndPoint endpoint, Instant now)
    {
        // A relaying peer may know a better port than we do, so an answer is recognised by its address.
        Question? question = _questions.Values.FirstOrDefault(q => q.Relay == from && q.Target.Address.Equals(endpoint.Address));
        if (question is not null)
            _questions.Remove(question.Target);
        else if (!relay.Unasked.TryTake(now))
            return;
        // An address of the local network means nothing when it comes from outside.
        bool bridges = AddressReaches.Of(endpoint.Address) < AddressReaches.Of(relay.Facts.Remote.Address);
        if (bridges || !IsPlausible(endpoint) || endpoint.Equals(relay.Facts.Ours) || IsConnected(endpoint))
            return;
        if (_limits.TryTake(endpoint.Address, now))
            _events.Enqueue(new PunchNow(endpoint, question?.Target ?? endpoint, question is not null, from));
    }

    private void ForgetEndPoints(int peer, Peer known)
    {
        foreach (IPEndPoint? endpoint in (IPEndPoint?[])[known.Facts.Remote, known.Facts.Listen])
        {
            if (endpoint is not null && _byEndPoint.TryGetValue(endpoint, out int owner) && owner == peer)
                _byEndPoint.Remove(endpoint);
        }
    }

    private bool IsPlausible(IPEndPoint endpoint) => endpoint.Port >= options.LowestPort && AddressReaches.CanBePeer(endpoint);

    private bool IsConnected(IPEndPoint endpoint) => _byEndPoint.ContainsKey(endpoint);

    private void GoOn(Question question, HolePunchError error, Instant now)
    {
        if (error != HolePunchError.None)
            question.LastError = error;
        if (TryAskNext(question, now) || (now < question.Ends && question.Asked.Count < options.MaxRelaysPerTarget))
            return;
        _questions.Remove(question.Target);
        _events.Enqueue(new RendezvousFailed(question.Target, question.LastError));
    }

    /// <summary>Asks the next relay; when there is none, the question waits for one to come.</summary>
    private bool TryAskNext(Question question, Instant now)
    {
        question.Relay = null;
        question.Deadline = question.Ends;
        if (question.Asked.Count >= options.MaxRelaysPerTarget)
            return false;
        foreach (int peer in _introductions.Of(question.Target).Concat(_peers.Keys))
        {
            if (!_peers.TryGetValue(peer, out Peer? relay) || !relay.Facts.Supports || question.Asked.Contains(peer)
                || relay.Facts.Remote.AddressFamily != question.Target.AddressFamily || !relay.Questions.TryTake(now))
                continue;
            question.Asked.Add(peer);
            question.Relay = peer;
            question.Deadline = now + options.AnswerTimeout;
            _messages.Enqueue((peer, new HolePunchMessage(HolePunchMessageType.Rendezvous, question.Target)));
            return true;
        }
        return false;
    }

    private sealed class Peer(HolePunchPeer facts, HolePunchingOptions options)
    {
        public HolePunchPeer Facts { get; set; } = facts;

        /// <summary>Rendezvous that it may ask of us.</summary>
        public EventBudget Asks { get; } = new(options.RelayBurst, options.RelayInterval);

        /// <summary>Rendezvous that we ask of it: no more than we would take ourselves.</summary>
        public EventBudget Questions { get; } = new(options.RelayBurst, options.RelayInterval);

        /// <summary>Connects that we pass to it.</summary>
        public EventBudget Connects { get; } = new(options.TargetBurst, options.TargetInterval);

        /// <summary>Connects that it sends without our asking.</summary>
        public EventBudget Unasked { get; } = new(options.ConnectBurst, options.ConnectInterval);
    }

    private sealed class Question(IPEndPoint target, Instant ends)
    {
        public IPEndPoint Target { get; } = target;

        public HashSet<int> Asked { get; } = [];

        public Instant Ends { get; } = ends;

        /// <summary>Who is being asked; null while the question waits for somebody.</summary>
        public int? Relay { get; set; }

        public Instant Deadline { get; set; }

        public HolePunchError LastError { get; set; }
    }
}
