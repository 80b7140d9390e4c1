using Compeer.Protocols.Overlays;

namespace Compeer.Protocols.Scribe;

// Rounds: the root asks down the tree, and each node answers its parent once its children have answered it (decision 0033).
public sealed partial class ScribeNode<TPeer>
{
    private Instant _gatherAt = Instant.Never;

    /// <summary>Contributes a value to the group's total, instead of the one before; false when we are in too many groups.</summary>
    /// <param name="group">The group; we need not be a member.</param>
    /// <param name="value">From minus to plus <see cref="ScribeAggregate.MaxMagnitude"/>.</param>
    /// <param name="now">The time.</param>
    /// <param name="extra">What <see cref="ScribeOptions.Combine"/> combines; at most <see cref="ScribeAggregate.MaxExtraBytes"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The value or the extra is beyond its bound.</exception>
    public bool TryContribute(RingKey group, double value, Instant now, ReadOnlyMemory<byte> extra = default)
    {
        var own = ScribeAggregate.Of(value, extra);
        if (Enter(group, now) is not { } here)
            return false;
        bool contributed = here.Contributes;
        here.Own = own;
        if (!contributed)
            BeginCounting(group, here, now);
        return true;
    }

    /// <summary>Contributes no longer.</summary>
    public void Withdraw(RingKey group)
    {
        if (!_groups.TryGetValue(group, out ScribeGroup<TPeer>? here))
            return;
        here.Own = null;
        LeaveIfIdle(group, here);
    }

    /// <summary>The last total of a group that we know; false when we are not in its tree, or no round has ended.</summary>
    public bool TryGetTotal(RingKey group, out ScribeTotal total)
    {
        ScribeTotal? known = _groups.TryGetValue(group, out ScribeGroup<TPeer>? here) ? here.Total : null;
        total = known.GetValueOrDefault();
        return known is not null;
    }

    /// <summary>From now on our branch has something to count, which the parent must know.</summary>
    private void BeginCounting(RingKey group, ScribeGroup<TPeer> here, Instant now)
    {
        GatherAt(here, now + _options.GatherEvery);
        FindParent(group, here);
    }

    private void GatherAt(ScribeGroup<TPeer> here, Instant when)
    {
        here.GatherAt = when;
        _gatherAt = Instant.Min(_gatherAt, when);
    }

    private void OnGatherDeadline(Instant now)
    {
        foreach ((RingKey group, ScribeGroup<TPeer> here) in _groups)
        {
            if (here.Round is { } round && round.Deadline <= now)
                EndRound(group, here, now);
            if (here.GatherAt > now)
                continue;
            // Below the root no round came for long: the parent may be gone, and who misses us must hear of us.
            bool isCounting = here.Contributes, isRoot = Routing.NextHop(group) is null;
            here.GatherAt = !isCounting ? Instant.Never : now + (isRoot ? _options.GatherEvery : 2 * _options.GatherEvery);
            if (isCounting && (!isRoot || here.Parent is not null))
                FindParent(group, here);
            if (isCounting && isRoot)
                BeginRound(group, here, NewRound(group, now), null, 0, _options.GatherPatience, now);
        }
        _gatherAt = Instant.Never;
        foreach (ScribeGroup<TPeer> here in _groups.Values)
            _gatherAt = Instant.Min(_gatherAt, Instant.Min(here.GatherAt, here.Round?.Deadline ?? Instant.Never));
    }

    private void OnGather(TPeer from, in TreeMessage message, Instant now)
    {
        if (!_groups.TryGetValue(message.Group, out ScribeGroup<TPeer>? here) || !here.IsAbove(from))
        {
            _outbox.Enqueue((from, new TreeMessage(ScribeMessageKind.Unsubscribe, message.Group, 0, 0)));
            return;
        }
        if (message.Aggregate is { IsSound: true } total && total.Count <= _options.MaxCounted)
            here.Total = new ScribeTotal(total, now);
        GatherAt(here, now + (2 * _options.GatherEvery));
        // In one round a node gives its part once, to whoever asks first: so nobody is counted twice, wherever it moves meanwhile.
        if (message.Hops >= MostHops || !here.TryRememberRound(message.Id))
        {
            Report(from, message.Group, message.Id, ScribeAggregate.None);
            return;
        }
        if (here.Round is not null)
            EndRound(message.Group, here, now);
        var patience = TimeSpan.FromMilliseconds(Math.Clamp(message.PatienceMilliseconds, 0, _options.GatherPatience.TotalMilliseconds));
        BeginRound(message.Group, here, message.Id, from, message.Hops, patience, now);
    }

    private void OnReport(TPeer from, in TreeMessage message, Instant now)
    {
        if (!_groups.TryGetValue(message.Group, out ScribeGroup<TPeer>? here) || here.Round is not { } round || round.Id != message.Id || !round.Waiting.Remove(from))
            return;
        bool isTaken = message.Aggregate is { IsSound: true } part && part.Count <= _options.MaxCounted - round.Sum.Count;
        round.Sum = isTaken ? round.Sum.With(message.Aggregate!, _options.Combine) : round.Sum.Without(1);
        if (here.Children.TryGetValue(from, out (Instant Heard, bool Contributes) child))
            here.Children[from] = child with { Heard = now };
        if (round.Waiting.Count == 0)
            EndRound(message.Group, here, now);
    }

    /// <summary>A child is gone, and gives nothing any more.</summary>
    private void NoLongerWait(RingKey group, ScribeGroup<TPeer> here, TPeer child, int missing, Instant now)
    {
        if (here.Round is not { } round || !round.Waiting.Remove(child))
            return;
        round.Sum = round.Sum.Without(missing);
        if (round.Waiting.Count == 0)
            EndRound(group, here, now);
    }

    private void BeginRound(RingKey group, ScribeGroup<TPeer> here, ulong id, TPeer? asker, int hops, TimeSpan patience, Instant now)
    {
        here.Round = new ScribeRound<TPeer>(id, asker, now + patience, [.. here.Children.Keys], here.Own ?? ScribeAggregate.None);
        if (here.Children.Count == 0)
        {
            EndRound(group, here, now);
            return;
        }
        // Each level has a quarter less time, so that a branch which waits for somebody answers before it is given up itself.
        int milliseconds = (int)(patience.TotalMilliseconds * 3 / 4);
        foreach (TPeer child in here.Children.Keys)
            _outbox.Enqueue((child, new TreeMessage(ScribeMessageKind.Gather, group, id, hops + 1) { Aggregate = here.Total?.Aggregate, PatienceMilliseconds = milliseconds }));
        _gatherAt = Instant.Min(_gatherAt, here.Round.Deadline);
    }

    private void EndRound(RingKey group, ScribeGroup<TPeer> here, Instant now)
    {
        ScribeRound<TPeer> round = here.Round!;
        here.Round = null;
        ScribeAggregate sum = round.Sum.Without(round.Waiting.Count);
        if (round.Asker is { } asker)
            Report(asker, group, round.Id, sum);
        else
            here.Total = new ScribeTotal(sum, now);
    }

    private void Report(TPeer to, RingKey group, ulong round, ScribeAggregate part) =>
        _outbox.Enqueue((to, new TreeMessage(ScribeMessageKind.Report, group, round, 0) { Aggregate = part }));

    /// <summary>A number that no other node and no other time gives.</summary>
    private ulong NewRound(RingKey group, Instant now) => new MessageDigest(Routing.Self.Key.Folded).Add(group).Add((ulong)now.Ticks).Value;
}
