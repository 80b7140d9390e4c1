using System.Diagnostics.CodeAnalysis;

namespace Compeer.Protocols.Gossipsub;

/// <summary>The messages of the last heartbeats, for those who ask for them.</summary>
/// <remarks>Spec: libp2p/specs gossipsub v1.0, "Message Cache".</remarks>
internal sealed class MessageCache<TPeer>(int length, int gossip, int maxBytes)
    where TPeer : struct, IEquatable<TPeer>
{
    private readonly Dictionary<MessageId, Entry> _messages = [];
    private readonly Queue<List<(MessageId Id, string Topic)>> _windows = new(Enumerable.Range(1, length - 1).Select(_ => new List<(MessageId Id, string Topic)>()));
    private readonly List<MessageId> _ids = [];
    private List<(MessageId Id, string Topic)> _current = [];
    private int _bytes;

    public void Put(MessageId id, PubsubMessage message)
    {
        if (!_messages.TryAdd(id, new Entry(message)))
            return;
        _bytes += message.Data.Length;
        // Whole heartbeats are forgotten at once, the oldest first.
        while (_bytes > maxBytes && (_windows.FirstOrDefault(w => w.Count > 0) ?? _current) is { Count: > 0 } oldest)
            Forget(oldest);
        _current.Add((id, message.Topic));
    }

    /// <summary>A message for a peer that asks for it, and how often it asked.</summary>
    public bool TryGive(MessageId id, TPeer peer, [NotNullWhen(true)] out PubsubMessage? message, out int times)
    {
        if (!_messages.TryGetValue(id, out Entry? entry))
        {
            (message, times) = (null, 0);
            return false;
        }
        message = entry.Message;
        times = entry.Given[peer] = entry.Given.GetValueOrDefault(peer) + 1;
        return true;
    }

    /// <summary>Ids of a topic that others are told of.</summary>
    public MessageId[] IdsOf(string topic)
    {
        _ids.Clear();
        int older = length - gossip;
        foreach (List<(MessageId Id, string Topic)> window in _windows)
        {
            if (older-- <= 0)
                AddIds(window, topic);
        }
        AddIds(_current, topic);
        return [.. _ids];
    }

    /// <summary>A heartbeat has passed.</summary>
    public void Shift()
    {
        _windows.Enqueue(_current);
        _current = _windows.Dequeue();
        Forget(_current);
    }

    private void AddIds(List<(MessageId Id, string Topic)> window, string topic)
    {
        foreach ((MessageId id, string named) in window)
        {
            if (named == topic)
                _ids.Add(id);
        }
    }

    private void Forget(List<(MessageId Id, string Topic)> window)
    {
        foreach ((MessageId id, _) in window)
        {
            if (_messages.Remove(id, out Entry? forgotten))
                _bytes -= forgotten.Message.Data.Length;
        }
        window.Clear();
    }

    private sealed class Entry(PubsubMessage message)
    {
        public PubsubMessage Message { get; } = message;

        public Dictionary<TPeer, int> Given { get; } = [];
    }
}
