using System.Buffers.Binary;

namespace Compeer.Benchmarks.Datagrams;

/// <summary>
/// Asks a DHT node what nodes ask: of ten questions one ping, four find_node, four get_peers and one announce_peer, with
/// random targets and a set of swarms. Its own nodes answer pings, so the node's routing table fills.
/// </summary>
internal sealed class DhtLoad(LoadOptions options) : DatagramLoad(options)
{
    private readonly byte[][] _hashes = [.. Enumerable.Range(0, options.Swarms).Select(LoadOptions.InfoHash)];
    private readonly byte[][] _ids = [.. Enumerable.Range(0, options.Clients).Select(i => LoadOptions.InfoHash(~i))];
    private readonly (int Swarm, byte[] Token, bool IsKnown)[] _tokens = [.. Enumerable.Range(0, options.Clients).Select(_ => (0, new byte[4], false))];
    private readonly Random _random = new(1);
    private int _asked;

    protected override int WriteRequest(int client, Span<byte> target)
    {
        int kind = _asked++ % 10;
        int swarm = _random.Next(_hashes.Length);
        Span<byte> wanted = stackalloc byte[20];
        _random.NextBytes(wanted);
        var text = new TextWriter(target);
        text.Add("d1:ad2:id20:"u8);
        text.Add(_ids[client]);
        ReadOnlySpan<byte> method;
        if (kind == 0)
        {
            method = "4:ping"u8;
        }
        else if (kind < 5)
        {
            method = "9:find_node"u8;
            text.Add("6:target20:"u8);
            text.Add(wanted);
        }
        else if (kind < 9 || !_tokens[client].IsKnown)
        {
            method = "9:get_peers"u8;
            text.Add("9:info_hash20:"u8);
            text.Add(_hashes[swarm]);
        }
        else
        {
            method = "13:announce_peer"u8;
            swarm = _tokens[client].Swarm;
            text.Add("12:implied_porti1e9:info_hash20:"u8);
            text.Add(_hashes[swarm]);
            text.Add("4:porti6881e5:token4:"u8);
            text.Add(_tokens[client].Token);
        }
        text.Add("e1:q"u8);
        text.Add(method);
        text.Add("1:t4:"u8);
        Span<byte> transaction = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(transaction, swarm);
        text.Add(transaction);
        text.Add("1:y1:qe"u8);
        return text.Length;
    }

    protected override bool TakeReply(int client, ReadOnlySpan<byte> datagram, Span<byte> reply, out int replyBytes)
    {
        replyBytes = 0;
        int at = datagram.LastIndexOf("1:t"u8);
        if (at < 0)
            return false;
        if (datagram.IndexOf("1:y1:q"u8) >= 0)
        {
            replyBytes = Answer(client, datagram[(at + 3)..], reply);
            return false;
        }
        if (datagram.IndexOf("1:y1:e"u8) >= 0)
        {
            Refused++;
            return true;
        }
        int token = datagram.IndexOf("5:token4:"u8);
        if (token >= 0 && token + 13 <= datagram.Length && datagram[at..].Length >= 9 && datagram[at + 3] == (byte)'4')
        {
            datagram.Slice(token + 9, 4).CopyTo(_tokens[client].Token);
            _tokens[client] = (BinaryPrimitives.ReadInt32BigEndian(datagram[(at + 5)..]), _tokens[client].Token, true);
        }
        return true;
    }

    /// <summary>Any question is answered as a ping is.</summary>
    private int Answer(int client, ReadOnlySpan<byte> transaction, Span<byte> reply)
    {
        int length = transaction.Length < 2 || transaction[1] != (byte)':' ? 0 : 2 + transaction[0] - '0';
        if (length <= 2 || length > transaction.Length)
            return 0;
        var text = new TextWriter(reply);
        text.Add("d1:rd2:id20:"u8);
        text.Add(_ids[client]);
        text.Add("e1:t"u8);
        text.Add(transaction[..length]);
        text.Add("1:y1:re"u8);
        return text.Length;
    }

    private ref struct TextWriter(Span<byte> target)
    {
        private readonly Span<byte> _target = target;

        public int Length { get; private set; }

        public void Add(scoped ReadOnlySpan<byte> text)
        {
            text.CopyTo(_target[Length..]);
            Length += text.Length;
        }
    }
}
