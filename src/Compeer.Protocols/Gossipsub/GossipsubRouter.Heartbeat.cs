using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace Compeer.Protocols.Gossipsub;

// The meshes are looked after, and others told what there is.
public sealed partial class GossipsubRouter<TPeer>
{
    private Instant _heartbeatAt;
    private Instant _decayAt;
    private long _ticks;

    /// <summary>The bytes by which a peer is offered to others, and its signed record; null offers nobody.</summary>
    public Func<TPeer, OfferedPeer>? Describe { get; set; }

    public Instant NextDeadline => _options.Score is null ? _heartbeatAt : Instant.Min(_heartbeatAt, _decayAt);

    public void OnDeadline(Instant now)
    {
        if (_options.Score is { } score && _decayAt <= now)
        {
            Scores.Decay(now);
            _decayAt = now + score.DecayInterval;
        }
        if (_heartbeatAt > now)
            return;
        _heartbeatAt = now + _options.Heartbeat;
        _ticks++;
        foreach ((TPeer peer, Neighbour neighbour) in _neighbours)
            CloseAccounts(peer, neighbour, now);
        foreach ((string topic, Mesh mesh) in _meshes)
        {
            Maintain(topic, mesh, now);
            Gossip(topic, mesh.Members);
        }
        foreach ((string topic, Fanout fanout) in _fanouts)
        {
            if (now - fanout.PublishedAt > _options.FanoutFor)
            {
                _fanouts.Remove(topic);
                continue;
            }
            fanout.Peers.RemoveWhere(p => !_neighbours[p].TakesPartIn(topic) || !IsAbove(p, _options.Score?.PublishThreshold));
            FillFanout(topic, fanout);
            Gossip(topic, fanout.Peers);
        }
        _cache.Shift();
        _seen.Forget(now);
    }

    /// <summary>What a peer may do in a heartbeat begins anew; whoever broke a promise is blamed.</summary>
    private void CloseAccounts(TPeer peer, Neighbour neighbour, Instant now)
    {
        (neighbour.IHaves, neighbour.Asked, neighbour.IDontWants) = (0, 0, 0);
        if (neighbour.Promises.Count > 0)
            JudgePromises(peer, neighbour, now);
        if (neighbour.Unwanted is { } unwanted)
        {
            foreach ((MessageId id, int ticks) in unwanted)
            {
                if (ticks == 1)
                    unwanted.Remove(id);
                else
                    unwanted[id] = ticks - 1;
            }
        }
        if (_ticks % 15 == 0)
        {
            foreach ((string topic, Instant until) in neighbour.Backoffs)
            {
                if (until <= now)
                    neighbour.Backoffs.Remove(topic);
            }
        }
    }

    private void JudgePromises(TPeer peer, Neighbour neighbour, Instant now)
    {
        int broken = neighbour.Promises.RemoveAll(p => p.Until <= now && _seen.Find(p.Id) is null);
        neighbour.Promises.RemoveAll(p => _seen.Find(p.Id) is not null);
        if (broken > 0)
            Scores.Blame(peer, broken);
    }

    private void Maintain(string topic, Mesh mesh, Instant now)
    {
        DropBad(topic, mesh, now);
        if (mesh.Members.Count < _options.DegreeLow)
            GraftSome(topic, mesh, _options.Degree - mesh.Members.Count, now, static (_, _) => true);
        if (mesh.Members.Count > _options.DegreeHigh)
            DropSome(topic, mesh, now);
        int outbound = 0;
        foreach (TPeer member in mesh.Members)
            outbound += _neighbours[member].IsOutbound ? 1 : 0;
        if (mesh.Members.Count >= _options.DegreeLow && outbound < _options.DegreeOutbound)
            GraftSome(topic, mesh, _options.DegreeOutbound - outbound, now, static (neighbour, _) => neighbour.IsOutbound);
        if (_options.Score is { } score && _ticks % _options.OpportunisticGraftTicks == 0 && mesh.Members.Count > 1)
        {
            double[] scores = [.. mesh.Members.Select(ScoreOf).Order()];
            double median = scores[scores.Length / 2];
            if (median < score.OpportunisticGraftThreshold)
                GraftSome(topic, mesh, _options.OpportunisticGrafts, now, (_, s) => s > median);
        }
    }

    private void DropBad(string topic, Mesh mesh, Instant now)
    {
        _chosen.Clear();
        foreach (TPeer member in mesh.Members)
        {
            if (ScoreOf(member) < 0)
                _chosen.Add(member);
        }
        foreach (TPeer bad in _chosen)
            Drop(bad, topic, mesh, offersOthers: false, now);
    }

    /// <summary>Keeps the best, some at random, and enough of those whom we dialled.</summary>
    private void DropSome(string topic, Mesh mesh, Instant now)
    {
        TPeer[] members = [.. mesh.Members];
        _random.Shuffle(members);
        // The sort is stable: among equals the order is random.
        TPeer[] byScore = [.. members.OrderByDescending(ScoreOf)];
        _random.Shuffle(byScore.AsSpan(_options.DegreeScore));
        List<TPeer> kept = [.. byScore.Take(_options.Degree)];
        int outbound = kept.Count(m => _neighbours[m].IsOutbound);
        foreach (TPeer peer in byScore.Skip(_options.Degree).Where(m => _neighbours[m].IsOutbound))
        {
            if (outbound >= _options.DegreeOutbound)
                break;
            int last = kept.FindLastIndex(m => !_neighbours[m].IsOutbound);
            if (last < 0)
                break;
            kept[last] = peer;
            outbound++;
        }
        foreach (TPeer peer in byScore.Except(kept))
            Drop(peer, topic, mesh, offersOthers: true, now);
    }

    private void GraftSome(string topic, Mesh mesh, int count, Instant now, Func<Neighbour, double, bool> fits)
    {
        if (count <= 0)
            return;
        _chosen.Clear();
        foreach ((TPeer peer, Neighbour neighbour) in _neighbours)
        {
            if (neighbour.TakesPartIn(topic) && MayGraft(peer, neighbour, topic, mesh, now) && fits(neighbour, ScoreOf(peer)))
                _chosen.Add(peer);
        }
        foreach (TPeer peer in SomeChosen(count))
            Graft(peer, topic, mesh, now);
    }

    /// <summary>At most so many of those chosen, at random; good until others are chosen.</summary>
    private ReadOnlySpan<TPeer> SomeChosen(int count)
    {
        Span<TPeer> chosen = CollectionsMarshal.AsSpan(_chosen);
        _random.Shuffle(chosen);
        return chosen[..Math.Min(count, chosen.Length)];
    }

    private bool MayGraft(TPeer peer, Neighbour neighbour, string topic, Mesh mesh, Instant now) =>
        !neighbour.IsBesideMeshes && !mesh.Members.Contains(peer) && !neighbour.IsBackedOff(topic, now) && ScoreOf(peer) >= 0;

    private void Graft(TPeer peer, string topic, Mesh mesh, Instant now)
    {
        mesh.Members.Add(peer);
        Scores.OnGraft(peer, topic, now);
        Say(peer).Graft.Add(topic);
    }

    private void Drop(TPeer peer, string topic, Mesh mesh, bool offersOthers, Instant now)
    {
        mesh.Members.Remove(peer);
        Scores.OnPrune(peer, topic);
        Refuse(peer, _neighbours[peer], topic, offersOthers, now);
    }

    /// <summary>Tells a peer that it is not in our mesh, and that neither shall try for a while.</summary>
    private void Refuse(TPeer peer, Neighbour neighbour, string topic, bool offersOthers, Instant now)
    {
        BackOff(neighbour, topic, now + _options.PruneBackoff);
        ImmutableArray<OfferedPeer> offered = [];
        if (offersOthers && Describe is { } describe && neighbour.Version >= PubsubVersion.Gossipsub11 && ScoreOf(peer) >= 0)
        {
            TPeer[] others = [.. PeersOf(topic).Where(p => !p.Equals(peer) && ScoreOf(p) >= 0)];
            _random.Shuffle(others);
            offered = [.. others.Take(_options.OfferedPeers).Select(describe)];
        }
        Say(peer).Prune.Add(new Prune(topic, neighbour.Version >= PubsubVersion.Gossipsub11 ? _options.PruneBackoff : null, offered));
    }

    /// <summary>Only topics of ours have a back-off, so their number is bounded.</summary>
    private static void BackOff(Neighbour neighbour, string topic, Instant until)
    {
        if (!neighbour.Backoffs.TryGetValue(topic, out Instant known) || known < until)
            neighbour.Backoffs[topic] = until;
    }

    /// <summary>Tells some peers outside the mesh what there is.</summary>
    private void Gossip(string topic, HashSet<TPeer> members)
    {
        MessageId[] ids = _cache.IdsOf(topic);
        if (ids.Length == 0)
            return;
        _chosen.Clear();
        foreach ((TPeer peer, Neighbour neighbour) in _neighbours)
        {
            if (!neighbour.IsBesideMeshes && neighbour.TakesPartIn(topic) && !members.Contains(peer) && IsAbove(peer, _options.Score?.GossipThreshold))
                _chosen.Add(peer);
        }
        int told = Math.Min(ids.Length, _options.MaxIHaveIds);
        foreach (TPeer peer in SomeChosen(Math.Max(_options.DegreeLazy, (int)(_options.GossipFactor * _chosen.Count))))
        {
            _random.Shuffle(ids);
            Say(peer).IHave.Add(new IHave(topic, [.. ids.AsSpan(0, told)]));
        }
    }
}
