using System.Buffers.Binary;
using Compeer.Protocols.Kademlia;

namespace Compeer.Protocols.MainlineDht;

// What others ask of us.
public sealed partial class DhtNode
{
    private const int SamplesInReply = 20;
    private const int SampleIntervalSeconds = 21_600;

    // Everything of a reply but its optional parts, the transaction and the address.
    private const int ReplyOverheadBytes = 64;

    private static ReadOnlySpan<byte> Version => "CP01"u8;

    private void OnQuery(in KrpcMessage query, ReadOnlySpan<byte> datagram, NodeEndPoint from, Instant now)
    {
        Key160 id = Key160.Read(query.Id);
        if (!query.IsReadOnly)
            Consider(id, from, now);
        if (query.Method.SequenceEqual("ping"u8))
            Reply(query, from, default, datagram.Length, now);
        else if (query.Method.SequenceEqual("find_node"u8))
            AnswerNodes(query, query.Target, from, datagram.Length, now);
        else if (query.Method.SequenceEqual("get_peers"u8))
            AnswerGetPeers(query, datagram, from, now);
        else if (query.Method.SequenceEqual("announce_peer"u8))
            AnswerAnnounce(query, from, datagram.Length, now);
        else if (query.Method.SequenceEqual("get"u8))
            AnswerGet(query, datagram, from, now);
        else if (query.Method.SequenceEqual("put"u8))
            AnswerPut(query, from, datagram.Length, now);
        else if (query.Method.SequenceEqual("sample_infohashes"u8))
            AnswerSample(query, from, datagram.Length, now);
        else if (query.Target.Length == Key160.LengthBytes || query.InfoHash.Length == Key160.LengthBytes)
            AnswerNodes(query, query.Target.Length == Key160.LengthBytes ? query.Target : query.InfoHash, from, datagram.Length, now);
        else
            ReplyError(query, from, 204, "Method Unknown"u8, datagram.Length, now);
    }

    /// <summary>An unknown node that asks is asked back, if there is room for it: only who answers comes into the table.</summary>
    private void Consider(Key160 id, NodeEndPoint from, Instant now)
    {
        if (_table.Contains(id, from) || _table.Contains(from))
            return;
        // A stranger's question shows that others can reach us; one whom we asked before has only come back the same way.
        if (!_ledger.IsProven(from, now))
        {
            _lastUnasked = now;
            // What we have just asked may come to us through the hole that our question made.
            if (!IsAsked(from))
                StrangersHeard++;
        }
        if (_pingsUnderWay < MaxPings && _table.WouldAdmit(id, from) && !IsAsked(from))
            Ping(from, null, now);
    }

    private void AnswerNodes(in KrpcMessage query, ReadOnlySpan<byte> target, NodeEndPoint from, int questionBytes, Instant now)
    {
        if (target.Length != Key160.LengthBytes)
            ReplyError(query, from, 203, "target must have 20 bytes"u8, questionBytes, now);
        else
            Reply(query, from, new ReplyParts { Near = Key160.Read(target), HasNodes = true }, questionBytes, now);
    }

    private void AnswerGetPeers(in KrpcMessage query, ReadOnlySpan<byte> datagram, NodeEndPoint from, Instant now)
    {
        if (query.InfoHash.Length != Key160.LengthBytes)
        {
            ReplyError(query, from, 203, "info_hash must have 20 bytes"u8, datagram.Length, now);
            return;
        }
        Key160 infoHash = Key160.Read(query.InfoHash);
        var parts = new ReplyParts { Near = infoHash, HasNodes = true, HasToken = _peers.HasRoomFor(infoHash) };
        if (query.Scrape && _peers.TryScrape(infoHash, now, out ScrapeFilter seeds, out ScrapeFilter others))
        {
            if (TryHold(query, datagram, from, now))
                return;
            if (_ledger.IsProven(from, now))
                (parts.Seeds, parts.Others) = (seeds, others);
        }
        parts.Peers = _peers.Sample(infoHash, _options.MaxPeersInReply, query.NoSeed, now);
        Reply(query, from, parts, datagram.Length, now);
    }

    private void AnswerAnnounce(in KrpcMessage query, NodeEndPoint from, int questionBytes, Instant now)
    {
        long port = query.ImpliedPort ? from.Port : query.Port;
        if (query.InfoHash.Length != Key160.LengthBytes || port is <= 0 or > 65535)
        {
            ReplyError(query, from, 203, "info_hash or port is wrong"u8, questionBytes, now);
            return;
        }
        Key160 infoHash = Key160.Read(query.InfoHash);
        if (!_tokens.IsValid(query.Token, from.Host, infoHash, now))
        {
            ReplyError(query, from, 203, "bad token"u8, questionBytes, now);
            return;
        }
        _ledger.Prove(from, now);
        _peers.Add(Id, infoHash, @from with { Port = (ushort)port }, query.IsSeed, now);
        Reply(query, from, default, questionBytes, now);
    }

    private void AnswerGet(in KrpcMessage query, ReadOnlySpan<byte> datagram, NodeEndPoint from, Instant now)
    {
        if (query.Target.Length != Key160.LengthBytes)
        {
            ReplyError(query, from, 203, "target must have 20 bytes"u8, datagram.Length, now);
            return;
        }
        Key160 target = Key160.Read(query.Target);
        DhtItem? item = _items.Find(target, now);
        var parts = new ReplyParts { Near = target, HasNodes = true, HasToken = true };
        // Who has this version already needs only its number.
        bool isNews = item is { IsMutable: false } || (item is not null && !(query.Sequence >= item.Sequence));
        if (isNews && TryHold(query, datagram, from, now))
            return;
        if (isNews && _ledger.IsProven(from, now))
            parts.Item = item;
        parts.Sequence = item is { IsMutable: true } ? item.Sequence : null;
        Reply(query, from, parts, datagram.Length, now);
    }

    private void AnswerPut(in KrpcMessage query, NodeEndPoint from, int questionBytes, Instant now)
    {
        int error = Put(query, from, now);
        ReadOnlySpan<byte> words = error switch
        {
            203 => "bad token or message"u8,
            205 => "v is longer than 1000 bytes"u8,
            206 => "invalid signature"u8,
            207 => "salt is longer than 64 bytes"u8,
            301 => "cas does not match"u8,
            302 => "seq is not newer"u8,
            _ => default,
        };
        if (error == 0)
            Reply(query, from, default, questionBytes, now);
        else
            ReplyError(query, from, error, words, questionBytes, now);
    }

    private int Put(in KrpcMessage query, NodeEndPoint from, Instant now)
    {
        if (query.Value.IsEmpty || (!query.PublicKey.IsEmpty && query.PublicKey.Length != DhtItem.PublicKeyBytes))
            return 203;
        if (query.Value.Length > DhtItem.MaxValueBytes)
            return 205;
        if (query.Salt.Length > DhtItem.MaxSaltBytes)
            return 207;
        bool isMutable = !query.PublicKey.IsEmpty;
        Key160 target = isMutable ? DhtItem.TargetOf(query.PublicKey, query.Salt) : DhtItem.TargetOf(query.Value);
        if (!_tokens.IsValid(query.Token, from.Host, target, now))
            return 203;
        _ledger.Prove(from, now);
        if (!isMutable)
        {
            _items.Store(Id, target, DhtItem.Immutable(query.Value), now);
            return 0;
        }
        if (query.Sequence is not { } sequence)
            return 203;
        if (_items.Find(target, now) is { } before)
        {
            if (query.CompareAndSwap is { } expected && expected != before.Sequence)
                return 301;
            if (sequence < before.Sequence || (sequence == before.Sequence && !query.Value.SequenceEqual(before.Value.Span)))
                return 302;
        }
        if (_ed25519 is null || DhtItem.Verified(query.Value, query.Salt, sequence, query.PublicKey, query.Signature, _ed25519) is not { } item)
            return 206;
        _items.Store(Id, target, item, now);
        return 0;
    }

    private void AnswerSample(in KrpcMessage query, NodeEndPoint from, int questionBytes, Instant now)
    {
        if (query.Target.Length != Key160.LengthBytes)
            ReplyError(query, from, 203, "target must have 20 bytes"u8, questionBytes, now);
        else
            Reply(query, from, new ReplyParts { Near = Key160.Read(query.Target), HasNodes = true, HasSamples = true }, questionBytes, now);
    }

    /// <summary>A long answer waits until the address has proved, by answering a ping, that it is not somebody else's. True when it waits.</summary>
    private bool TryHold(in KrpcMessage query, ReadOnlySpan<byte> datagram, NodeEndPoint from, Instant now)
    {
        // Read-only nodes answer nobody, so they get what fits.
        if (query.IsReadOnly || _ledger.IsProven(from, now) || _held.Count >= MaxHeld || datagram.Length > 512 || _held.Exists(h => h.From.Host == from.Host))
            return false;
        _held.Add((from, datagram.ToArray(), now + HeldFor));
        if (!IsAsked(from))
            Ping(from, null, now);
        return true;
    }

    private void AnswerHeld(NodeEndPoint from, Instant now)
    {
        int at = _held.Count - 1;
        while (at >= 0 && _held[at].From != from)
            at--;
        if (at < 0)
            return;
        byte[] datagram = _held[at].Datagram;
        _held.RemoveAt(at);
        if (KrpcMessage.TryRead(datagram, out KrpcMessage query))
            OnQuery(query, datagram, from, now);
    }

    private void Reply(in KrpcMessage query, NodeEndPoint to, in ReplyParts parts, int questionBytes, Instant now)
    {
        // Before the work of an answer: in a flood it would not be sent.
        if (!MayAnswer(now))
            return;
        bool isProven = _ledger.IsProven(to, now);
        int budget = isProven ? _options.MaxDatagramBytes : Math.Min(_options.MaxDatagramBytes, (int)(questionBytes * _options.MaxAmplification));
        var writer = new KrpcWriter(Scratch());
        writer.BeginDictionary();
        WriteIp(ref writer, to);
        writer.Key("r"u8);
        writer.BeginDictionary();
        int room = budget - ReplyOverheadBytes - query.Transaction.Length - to.LengthBytes;
        if (parts.HasNodes)
            WriteBody(ref writer, query, parts, to, room, now);
        else
            writer.Identity("id"u8, Id);
        writer.End();
        WriteTail(ref writer, query, "r"u8);
        Transmit(to, writer, now);
    }

    // Keys in sorted order: BFpe BFsd id interval k nodes nodes6 num samples seq sig token v values.
    private void WriteBody(ref KrpcWriter writer, in KrpcMessage query, in ReplyParts parts, NodeEndPoint to, int room, Instant now)
    {
        if (parts.Seeds is not null && parts.Others is not null)
        {
            writer.String("BFpe"u8, parts.Others.Span);
            writer.String("BFsd"u8, parts.Seeds.Span);
            room -= 2 * (ScrapeFilter.LengthBytes + 10);
        }
        writer.Identity("id"u8, Id);
        if (parts.HasSamples)
            writer.Integer("interval"u8, SampleIntervalSeconds);
        if (parts.Item is { IsMutable: true })
            writer.String("k"u8, parts.Item.PublicKey.Span);
        room -= (parts.Item is { } item ? item.Value.Length + 130 : 0) + (parts.HasToken ? 14 : 0) + (parts.HasSamples ? 50 : 0);
        int endPointBytes = _isV6 ? 23 : 8;
        int peers = parts.Peers is null ? 0 : Math.Min(parts.Peers.Count, Math.Max(0, (room - 100) / endPointBytes));
        room -= peers > 0 ? peers * endPointBytes + 10 : 0;
        bool both = query.WantsV4 && query.WantsV6;
        DhtNode? v4 = _isV6 ? Sibling : this;
        DhtNode? v6 = _isV6 ? this : Sibling;
        bool wantsV4 = query.WantsV4 || (!query.WantsV6 && !_isV6);
        bool wantsV6 = query.WantsV6 || (!query.WantsV4 && _isV6);
        if (wantsV4 && v4 is not null)
            room -= v4.WriteNodes(ref writer, "nodes"u8, parts.Near, both ? room / 2 : room);
        if (wantsV6 && v6 is not null)
            room -= v6.WriteNodes(ref writer, "nodes6"u8, parts.Near, room);
        if (parts.HasSamples)
            WriteSamples(ref writer, room);
        if (parts.Sequence is { } sequence)
            writer.Integer("seq"u8, sequence);
        if (parts.Item is { IsMutable: true })
            writer.String("sig"u8, parts.Item.Signature.Span);
        if (parts.HasToken)
            WriteToken(ref writer, parts.Near, to, now);
        if (parts.Item is not null)
        {
            writer.Key("v"u8);
            writer.Raw(parts.Item.Value.Span);
        }
        if (peers > 0)
            WritePeers(ref writer, parts.Peers!, peers);
    }

    private int WriteNodes(ref KrpcWriter writer, ReadOnlySpan<byte> key, Key160 target, int room)
    {
        int each = Key160.LengthBytes + (_isV6 ? NodeEndPoint.V6LengthBytes : NodeEndPoint.V4LengthBytes);
        Span<RoutingEntry<Key160, NodeEndPoint>> nearest = _nearest;
        int count = Math.Min(_table.Closest(target, nearest), Math.Max(0, (room - 12) / each));
        Span<byte> nodes = stackalloc byte[MainlinePolicy.BucketSize * (Key160.LengthBytes + NodeEndPoint.V6LengthBytes)];
        for (int i = 0; i < count; i++)
        {
            nearest[i].Key.Write(nodes[(i * each)..]);
            nearest[i].Contact.Write(nodes[(i * each + Key160.LengthBytes)..]);
        }
        writer.String(key, nodes[..(count * each)]);
        return count * each + 12;
    }

    private void WriteSamples(ref KrpcWriter writer, int room)
    {
        List<Key160> keys = _peers.SampleKeys(Math.Clamp((room - 12) / Key160.LengthBytes, 0, SamplesInReply));
        Span<byte> samples = stackalloc byte[SamplesInReply * Key160.LengthBytes];
        for (int i = 0; i < keys.Count; i++)
            keys[i].Write(samples[(i * Key160.LengthBytes)..]);
        writer.Integer("num"u8, _peers.SwarmCount);
        writer.String("samples"u8, samples[..(keys.Count * Key160.LengthBytes)]);
    }

    private void WriteToken(ref KrpcWriter writer, Key160 target, NodeEndPoint to, Instant now)
    {
        Span<byte> token = stackalloc byte[DhtTokens.LengthBytes];
        _tokens.Write(token, to.Host, target, now);
        writer.String("token"u8, token);
    }

    private static void WritePeers(ref KrpcWriter writer, List<NodeEndPoint> peers, int count)
    {
        Span<byte> compact = stackalloc byte[NodeEndPoint.V6LengthBytes];
        writer.Key("values"u8);
        writer.BeginList();
        for (int i = 0; i < count; i++)
            writer.String(compact[..peers[i].Write(compact)]);
        writer.End();
    }

    private void ReplyError(in KrpcMessage query, NodeEndPoint to, int code, ReadOnlySpan<byte> words, int questionBytes, Instant now)
    {
        var writer = new KrpcWriter(Scratch());
        writer.BeginDictionary();
        writer.Key("e"u8);
        writer.BeginList();
        writer.Integer(code);
        writer.String(words);
        writer.End();
        WriteIp(ref writer, to);
        WriteTail(ref writer, query, "e"u8);
        if (writer.Length <= questionBytes * _options.MaxAmplification)
            Transmit(to, writer, now);
    }

    private static void WriteIp(ref KrpcWriter writer, NodeEndPoint to)
    {
        Span<byte> compact = stackalloc byte[NodeEndPoint.V6LengthBytes];
        writer.String("ip"u8, compact[..to.Write(compact)]);
    }

    private static void WriteTail(ref KrpcWriter writer, in KrpcMessage query, ReadOnlySpan<byte> kind)
    {
        writer.String("t"u8, query.Transaction);
        writer.String("v"u8, Version);
        writer.String("y"u8, kind);
        writer.End();
    }

    /// <summary>Answers are given within a budget of bytes; beyond it they are not, so that a flood costs us no more than that.</summary>
    private bool MayAnswer(Instant now) => _replyBudget.Available(now) >= 0 && _outgoing.Count < MaxOutgoing;

    private void Transmit(NodeEndPoint to, in KrpcWriter writer, Instant now)
    {
        if (!MayAnswer(now))
            return;
        _replyBudget.Take(writer.Length, now);
        _outgoing.Enqueue(to, writer.Written);
    }

    private record struct ReplyParts
    {
        public Key160 Near;
        public bool HasNodes;
        public bool HasToken;
        public bool HasSamples;
        public long? Sequence;
        public DhtItem? Item;
        public ScrapeFilter? Seeds;
        public ScrapeFilter? Others;
        public List<NodeEndPoint>? Peers;
    }
}
