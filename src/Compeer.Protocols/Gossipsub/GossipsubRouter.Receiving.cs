using System.Collections.Immutable;

namespace Compeer.Protocols.Gossipsub;

// What peers say.
public sealed partial class GossipsubRouter<TPeer>
{
    public void Receive(TPeer from, in GossipsubRpc message, Instant now)
    {
        if (!_neighbours.TryGetValue(from, out Neighbour? neighbour))
            return;
        foreach (TopicSubscription subscription in GossipsubRpcCodec.Items(message.Subscriptions))
            OnSubscription(from, neighbour, subscription);
        if (!neighbour.IsDirect && !IsAbove(from, _options.Score?.GraylistThreshold))
            return;
        foreach (PubsubMessage published in GossipsubRpcCodec.Items(message.Publish))
            OnMessage(from, published, now);
        if (neighbour.Version == PubsubVersion.Floodsub)
            return;
        foreach (IHave have in GossipsubRpcCodec.Items(message.IHave))
            OnIHave(from, neighbour, have, now);
        OnIWant(from, GossipsubRpcCodec.Items(message.IWant));
        foreach (string topic in GossipsubRpcCodec.Items(message.Graft))
            OnGraft(from, neighbour, topic, now);
        foreach (Prune prune in GossipsubRpcCodec.Items(message.Prune))
            OnPrune(from, neighbour, prune, now);
        OnIDontWant(neighbour, GossipsubRpcCodec.Items(message.IDontWant));
    }

    private void OnSubscription(TPeer from, Neighbour neighbour, TopicSubscription said)
    {
        if (said.Subscribes ? neighbour.Topics.Count >= _options.MaxTopicsPerPeer || !neighbour.Topics.Add(said.Topic) : !neighbour.Leave(said.Topic))
            return;
        if (!said.Subscribes && _meshes.TryGetValue(said.Topic, out Mesh? mesh) && mesh.Members.Remove(from))
            Scores.OnPrune(from, said.Topic);
        // Of topics that are none of ours nothing is told: there may be many.
        if (_meshes.ContainsKey(said.Topic))
            Raise(new GossipsubEvent<TPeer>.SubscriptionChanged(from, said.Topic, said.Subscribes));
    }

    private void OnMessage(TPeer from, PubsubMessage message, Instant now)
    {
        // Nobody asked for topics that we take no part in.
        if (!_meshes.TryGetValue(message.Topic, out Mesh? mesh))
            return;
        if (message.Data.Length > _options.MaxDataBytes)
        {
            Scores.OnInvalid(from, message.Topic);
            return;
        }
        MessageId id = _options.IdOf(message);
        if (id.Bytes.Length > MessageId.MaxBytes)
        {
            Scores.OnInvalid(from, message.Topic);
            return;
        }
        if (_seen.Find(id) is { } known)
        {
            OnCopy(from, message.Topic, known, now);
            return;
        }
        if (_seen.Unjudged >= _options.MaxUnjudged)
            return;
        _seen.Add(id, message, now).Givers = [from];
        if (message.Data.Length >= _options.IDontWantBytes)
        {
            foreach (TPeer member in mesh.Members)
            {
                Neighbour neighbour = _neighbours[member];
                if (neighbour.Version == PubsubVersion.Gossipsub12 && !member.Equals(from))
                    Say(member, neighbour).IDontWant.Add(id);
            }
        }
        Raise(new GossipsubEvent<TPeer>.Arrived(id, message, from));
    }

    private void OnCopy(TPeer from, string topic, SeenMessage<TPeer> known, Instant now)
    {
        switch (known.Verdict)
        {
            case null when known.Givers is { } givers && givers.Count < _neighbours.Count + 1 && !givers.Contains(from):
                givers.Add(from);
                break;
            case Verdict.Accept when known.Givers is { } before && !before.Contains(from):
                // Only the first copy of each counts.
                before.Add(from);
                Scores.OnLaterDelivery(from, topic, now - known.JudgedAt);
                break;
            case Verdict.Reject:
                Scores.OnInvalid(from, topic);
                break;
        }
    }

    private void Settle(MessageId id, PubsubMessage message, SeenMessage<TPeer> seen, Verdict verdict, Instant now)
    {
        List<TPeer> givers = seen.Givers!;
        _seen.Judge(seen, verdict, now);
        switch (verdict)
        {
            case Verdict.Accept:
                Scores.OnFirstDelivery(givers[0], message.Topic);
                for (int i = 1; i < givers.Count; i++)
                    Scores.OnLaterDelivery(givers[i], message.Topic, TimeSpan.Zero);
                _cache.Put(id, message);
                Forward(id, message, givers);
                if (Scores.DeliveryWindowOf(message.Topic) is { } window)
                {
                    _seen.CountCopies(seen, now + window);
                    return;
                }
                break;
            case Verdict.Reject:
                foreach (TPeer giver in givers)
                    Scores.OnInvalid(giver, message.Topic);
                break;
        }
        seen.Givers = null;
    }

    private void Forward(MessageId id, PubsubMessage message, List<TPeer> givers)
    {
        if (!_meshes.TryGetValue(message.Topic, out Mesh? mesh))
            return;
        TPeer? author = AuthorOf?.Invoke(message);
        bool isUnknown = author is null;
        TPeer by = author.GetValueOrDefault();
        foreach (TPeer member in mesh.Members)
        {
            if (!givers.Contains(member) && (isUnknown || !member.Equals(by)))
                Send(member, id, message);
        }
        if (_beside == 0)
            return;
        foreach ((TPeer peer, Neighbour neighbour) in _neighbours)
        {
            bool isBesideTheMesh = neighbour.IsDirect || (neighbour.Version == PubsubVersion.Floodsub && IsAbove(peer, _options.Score?.PublishThreshold));
            if (isBesideTheMesh && neighbour.TakesPartIn(message.Topic) && !mesh.Members.Contains(peer) && !givers.Contains(peer) && (isUnknown || !peer.Equals(by)))
                Send(peer, id, message);
        }
    }

    private void OnIHave(TPeer from, Neighbour neighbour, IHave have, Instant now)
    {
        if (!IsAbove(from, _options.Score?.GossipThreshold) || ++neighbour.IHaves > _options.MaxIHaves || !_meshes.ContainsKey(have.Topic))
            return;
        foreach (MessageId id in GossipsubRpcCodec.Items(have.Ids))
        {
            if (_seen.Find(id) is null)
                _lacking.Add(id);
        }
        int room = Math.Min(_lacking.Count, _options.MaxIHaveIds - neighbour.Asked);
        MessageId[] missing = room > 0 ? [.. _lacking] : [];
        _lacking.Clear();
        if (room <= 0)
            return;
        _random.Shuffle(missing);
        neighbour.Asked += room;
        Say(from, neighbour).IWant.AddRange(missing.AsSpan(0, room));
        neighbour.Promises.Add((missing[_random.Next(room)], now + _options.PromiseWithin));
    }

    private void OnIWant(TPeer from, ReadOnlySpan<MessageId> ids)
    {
        if (ids.IsEmpty || !IsAbove(from, _options.Score?.GossipThreshold))
            return;
        foreach (MessageId id in ids)
        {
            if (_cache.TryGive(id, from, out PubsubMessage? message, out int times) && times <= _options.MaxRetransmissions)
                Send(from, id, message);
        }
    }

    private void OnGraft(TPeer from, Neighbour neighbour, string topic, Instant now)
    {
        // To answer about topics that are none of ours would let anybody make us talk.
        if (!_meshes.TryGetValue(topic, out Mesh? mesh) || mesh.Members.Contains(from))
            return;
        bool offersOthers = false;
        if (neighbour.Backoffs.TryGetValue(topic, out Instant until) && now < until)
        {
            Scores.Blame(from, now < until - _options.PruneBackoff + _options.GraftFloodWithin ? 2 : 1);
        }
        else if (!neighbour.IsDirect && ScoreOf(from) >= 0)
        {
            if (mesh.Members.Count < _options.DegreeHigh || neighbour.IsOutbound)
            {
                neighbour.Backoffs.Remove(topic);
                neighbour.Topics.Add(topic);
                mesh.Members.Add(from);
                Scores.OnGraft(from, topic, now);
                return;
            }
            offersOthers = true;
        }
        Refuse(from, neighbour, topic, offersOthers, now);
    }

    private void OnPrune(TPeer from, Neighbour neighbour, Prune prune, Instant now)
    {
        if (!_meshes.TryGetValue(prune.Topic, out Mesh? mesh))
            return;
        if (mesh.Members.Remove(from))
            Scores.OnPrune(from, prune.Topic);
        TimeSpan backoff = prune.Backoff is { } said && said < GossipsubOptions.MaxBackoff ? said : prune.Backoff is null ? _options.PruneBackoff : GossipsubOptions.MaxBackoff;
        BackOff(neighbour, prune.Topic, now + backoff + _options.BackoffSlack);
        ImmutableArray<OfferedPeer> offered = [.. GossipsubRpcCodec.Items(prune.Peers).ToArray().Take(_options.OfferedPeers)];
        if (offered.Length > 0 && IsAbove(from, _options.Score?.AcceptOfferThreshold))
            Raise(new GossipsubEvent<TPeer>.PeersOffered(from, prune.Topic, offered));
    }

    private void OnIDontWant(Neighbour neighbour, ReadOnlySpan<MessageId> ids)
    {
        foreach (MessageId id in ids)
        {
            if (++neighbour.IDontWants > _options.MaxIDontWants)
                return;
            (neighbour.Unwanted ??= [])[id] = _options.IDontWantTicks;
        }
    }

    private void Raise(GossipsubEvent<TPeer> e) => _events.Enqueue(e);
}
