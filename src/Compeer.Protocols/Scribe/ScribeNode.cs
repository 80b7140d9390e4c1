using Compeer.Protocols.Overlays;
using Compeer.Protocols.Pastry;

namespace Compeer.Protocols.Scribe;

/// <summary>
/// Multicast trees over Pastry: a group's root is the node nearest to the group's key, and the ways of all members to it are
/// the branches. News goes down them, and what members contribute is summed up on the way to the root. Single-threaded; never
/// throws on what others send.
/// </summary>
/// <remarks>Spec: Castro et al., "Scribe: a large-scale and decentralized application-level multicast infrastructure" (JSAC 2002), section III.</remarks>
public sealed partial class ScribeNode<TPeer> : IOverlayMachine<TPeer, ScribeMessage<TPeer>>
    where TPeer : struct, IEquatable<TPeer>
{
    private const int MostHops = 64;

    /// <summary>How often a node is handed down between two refreshes; those that it is sent to may be dead.</summary>
    private const int MostHandDowns = 8;

    /// <summary>Refreshes after which a node that was handed down asks its next hop again.</summary>
    private const int RefreshesBelow = 10;

    private readonly ScribeOptions _options;
    private readonly Dictionary<RingKey, ScribeGroup<TPeer>> _groups = [];
    private readonly Queue<(TPeer To, TreeMessage Message)> _outbox = new();
    private readonly Queue<(TPeer To, RingKey Group, TPeer Child)> _handDowns = new();
    private readonly Queue<ScribeDelivery> _deliveries = new();
    private Instant _refreshAt = Instant.Never;

    /// <param name="routing">The node of Pastry below; it is driven from here.</param>
    /// <param name="options">Bounds and times.</param>
    public ScribeNode(PastryNode<TPeer> routing, ScribeOptions options)
    {
        ArgumentNullException.ThrowIfNull(routing);
        ArgumentNullException.ThrowIfNull(options);
        (Routing, _options) = (routing, options);
    }

    /// <summary>The node of Pastry below.</summary>
    public PastryNode<TPeer> Routing { get; }

    public Instant NextDeadline => Instant.Min(Routing.NextDeadline, Instant.Min(_refreshAt, _gatherAt));

    /// <summary>Children of ours in a group's tree.</summary>
    public int ChildCount(RingKey group) => _groups.TryGetValue(group, out ScribeGroup<TPeer>? here) ? here.Children.Count : 0;

    /// <summary>Wants the news of a group; false when we are in too many.</summary>
    public bool TrySubscribe(RingKey group, Instant now)
    {
        if (Enter(group, now) is not { } here)
            return false;
        here.IsMember = true;
        return true;
    }

    /// <summary>Wants the news no longer; passes it on while there are children.</summary>
    public void Unsubscribe(RingKey group)
    {
        if (!_groups.TryGetValue(group, out ScribeGroup<TPeer>? here))
            return;
        here.IsMember = false;
        LeaveIfIdle(group, here);
    }

    /// <summary>Sends news to all members of a group.</summary>
    /// <param name="group">The group.</param>
    /// <param name="id">The number of the news, another for each.</param>
    /// <param name="payload">The news; at most <see cref="ScribeOptions.MaxPayloadBytes"/>, longer ones are not passed on.</param>
    public void Publish(RingKey group, ulong id, ReadOnlyMemory<byte> payload = default) => ToRoot(new TreeMessage(ScribeMessageKind.Publish, group, id, 0, payload));

    /// <summary>The next news for us; false when there is none.</summary>
    public bool TryTakeDelivery(out ScribeDelivery delivery) => _deliveries.TryDequeue(out delivery);

    public bool TryTransmit(out TPeer to, out ScribeMessage<TPeer> message)
    {
        if (_outbox.TryDequeue(out (TPeer To, TreeMessage Message) next))
        {
            (to, message) = (next.To, new ScribeMessage<TPeer>(null, next.Message));
            return true;
        }
        if (_handDowns.TryDequeue(out (TPeer To, RingKey Group, TPeer Child) handDown))
        {
            to = handDown.To;
            message = new ScribeMessage<TPeer>(null, new TreeMessage(ScribeMessageKind.HandDown, handDown.Group, 0, 0)) { Child = handDown.Child };
            return true;
        }
        bool any = Routing.TryTransmit(out to, out PastryMessage<TPeer> routing);
        message = new ScribeMessage<TPeer>(routing, null);
        return any;
    }

    public void Receive(TPeer from, in ScribeMessage<TPeer> message, Instant now)
    {
        if (message.Routing is { } routing)
            Routing.Receive(from, routing, now);
        else if (message is { Tree: { Kind: ScribeMessageKind.HandDown } handDown, Child: { } child })
            OnHandDown(from, handDown.Group, child);
        else if (message.Tree is { } tree)
            OnTree(from, tree, now);
    }

    public void OnUndelivered(TPeer to, in ScribeMessage<TPeer> message, Instant now)
    {
        Routing.OnUndelivered(to, message.Routing ?? new PastryMessage<TPeer>(PastryMessageKind.AskLeaves, default, 0, 0, Routing.Self, []), now);
        foreach ((RingKey group, ScribeGroup<TPeer> here) in _groups)
        {
            here.Children.Remove(to);
            NoLongerWait(group, here, to, 1, now);
            if (here.Parent is not { } parent || !parent.Equals(to))
                continue;
            (here.Parent, here.HandedDownBy) = (null, null);
            FindParent(group, here);
        }
        if (message.Tree is { Kind: ScribeMessageKind.Publish } news)
            ToRoot(news);
    }

    public void OnDeadline(Instant now)
    {
        if (Routing.NextDeadline <= now)
            Routing.OnDeadline(now);
        if (_gatherAt <= now)
            OnGatherDeadline(now);
        if (_refreshAt > now)
            return;
        _refreshAt = _groups.Count > 0 ? now + _options.RefreshEvery : Instant.Never;
        foreach ((RingKey group, ScribeGroup<TPeer> here) in _groups.ToArray())
        {
            foreach (TPeer silent in here.Children.Where(c => c.Value.Heard + _options.ChildPatience < now).Select(c => c.Key).ToArray())
                here.Children.Remove(silent);
            LeaveOldParent(group, here);
            here.HandDowns = 0;
            // Now and then whoever was handed down asks the next hop again: there may be room, and no branch hangs on itself for long.
            if (++here.Refreshes % RefreshesBelow == 0)
                here.HandedDownBy = null;
            // Asked anew each time: a node that came between is nearer to the key, and a root may no longer be one.
            FindParent(group, here);
            LeaveIfIdle(group, here);
        }
    }

    private void OnTree(TPeer from, in TreeMessage message, Instant now)
    {
        switch (message.Kind)
        {
            case ScribeMessageKind.Subscribe:
                OnSubscribe(from, message, now);
                break;
            case ScribeMessageKind.Unsubscribe when _groups.TryGetValue(message.Group, out ScribeGroup<TPeer>? left):
                left.Children.Remove(from);
                NoLongerWait(message.Group, left, from, 0, now);
                LeaveIfIdle(message.Group, left);
                break;
            case ScribeMessageKind.Publish:
                ToRoot(message);
                break;
            case ScribeMessageKind.Multicast when _groups.TryGetValue(message.Group, out ScribeGroup<TPeer>? here) && here.IsAbove(from):
                Multicast(here, message);
                break;
            case ScribeMessageKind.Gather:
                OnGather(from, message, now);
                break;
            case ScribeMessageKind.Report:
                OnReport(from, message, now);
                break;
        }
    }

    private void OnSubscribe(TPeer from, in TreeMessage message, Instant now)
    {
        if (Enter(message.Group, now) is not { } here)
            return;
        if (here.Children.Count >= _options.MaxChildren && !here.Children.ContainsKey(from))
        {
            _handDowns.Enqueue((from, message.Group, here.Children.Keys.ElementAt(here.NextToHandTo++ % here.Children.Count)));
            return;
        }
        if (from.Equals(here.Parent) && here.HandedDownBy is not null)
        {
            // Whom we were handed to now comes to us: we go back to where we were sent from.
            (here.Parent, here.HandedDownBy) = (null, null);
            FindParent(message.Group, here);
        }
        bool contributed = here.Contributes;
        here.Children[from] = (now, message.Contributes);
        if (!contributed && message.Contributes)
            BeginCounting(message.Group, here, now);
    }

    /// <summary>The parent that we asked has no room; one of its children shall be ours.</summary>
    private void OnHandDown(TPeer from, RingKey group, TPeer child)
    {
        if (!_groups.TryGetValue(group, out ScribeGroup<TPeer>? here) || !from.Equals(here.Parent) || here.HandDowns == MostHandDowns
            || child.Equals(Routing.Self.Peer) || here.Children.ContainsKey(child))
            return;
        here.HandDowns++;
        here.HandedDownBy ??= from;
        here.Parent = child;
        Subscribe(group, here, child);
    }

    private void ToRoot(in TreeMessage news)
    {
        if (news.Hops >= MostHops || news.Payload.Length > _options.MaxPayloadBytes)
            return;
        if (Routing.NextHop(news.Group) is { } next)
            _outbox.Enqueue((next.Peer, news with { Hops = news.Hops + 1 }));
        else if (_groups.TryGetValue(news.Group, out ScribeGroup<TPeer>? here))
            Multicast(here, news with { Kind = ScribeMessageKind.Multicast });
    }

    private void Multicast(ScribeGroup<TPeer> here, in TreeMessage news)
    {
        if (news.Payload.Length > _options.MaxPayloadBytes || !here.TryRemember(news.Id, _options.MaxRemembered))
            return;
        if (here.IsMember)
            _deliveries.Enqueue(new ScribeDelivery(news.Group, news.Id, news.Hops, news.Payload));
        foreach (TPeer child in here.Children.Keys)
            _outbox.Enqueue((child, news with { Hops = news.Hops + 1 }));
    }

    private ScribeGroup<TPeer>? Enter(RingKey group, Instant now)
    {
        if (_groups.TryGetValue(group, out ScribeGroup<TPeer>? here))
            return here;
        if (_groups.Count == _options.MaxGroups)
            return null;
        here = new ScribeGroup<TPeer>();
        _groups.Add(group, here);
        _refreshAt = Instant.Min(_refreshAt, now + _options.RefreshEvery);
        FindParent(group, here);
        return here;
    }

    private void FindParent(RingKey group, ScribeGroup<TPeer> here)
    {
        TPeer? next = Routing.NextHop(group)?.Peer;
        if (here.Parent is { } above && here.HandedDownBy is { } full && full.Equals(next))
        {
            Subscribe(group, here, above);
            return;
        }
        here.HandedDownBy = null;
        if (here.Parent is { } old && !old.Equals(next))
        {
            LeaveOldParent(group, here);
            here.OldParent = old;
        }
        here.Parent = next;
        if (next is { } parent)
            Subscribe(group, here, parent);
    }

    private void Subscribe(RingKey group, ScribeGroup<TPeer> here, TPeer parent) =>
        _outbox.Enqueue((parent, new TreeMessage(ScribeMessageKind.Subscribe, group, 0, 0) { Contributes = here.Contributes }));

    private void LeaveOldParent(RingKey group, ScribeGroup<TPeer> here)
    {
        if (here.OldParent is { } old && !old.Equals(here.Parent))
            _outbox.Enqueue((old, new TreeMessage(ScribeMessageKind.Unsubscribe, group, 0, 0)));
        here.OldParent = null;
    }

    private void LeaveIfIdle(RingKey group, ScribeGroup<TPeer> here)
    {
        if (here.IsNeeded)
            return;
        _groups.Remove(group);
        LeaveOldParent(group, here);
        if (here.Parent is { } parent)
            _outbox.Enqueue((parent, new TreeMessage(ScribeMessageKind.Unsubscribe, group, 0, 0)));
    }
}
