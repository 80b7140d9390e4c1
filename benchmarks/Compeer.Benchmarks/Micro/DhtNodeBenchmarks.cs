using System.Buffers;
using System.Net;
using System.Text;
using BenchmarkDotNet.Attributes;
using Compeer.Formats.Bencoding;
using Compeer.Protocols;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Benchmarks.Micro;

/// <summary>A node with a filled table answers strangers. An operation is a question: received, answered, the answer taken.</summary>
[MemoryDiagnoser]
public class DhtNodeBenchmarks
{
    private const int Strangers = 250;
    private const int Questions = 1_000;

    private readonly ArrayBufferWriter<byte> _output = new(2_048);
    private readonly Random _random = new(1);
    private readonly NodeEndPoint[] _strangers = [.. Enumerable.Range(1, Strangers).Select(i => NodeEndPoint.From(new IPEndPoint(new IPAddress([45, (byte)i, 7, 7]), 6881)))];
    private byte[][] _findNode = [];
    private byte[][] _getPeers = [];
    private DhtNode _node = null!;
    private Instant _now = Instant.Zero + TimeSpan.FromHours(1);

    [GlobalSetup]
    public void Start()
    {
        _node = new DhtNode(Key160.NewRandom(_random), false, new DhtOptions(), null, _random, _now);
        Key160[] ids = [.. _strangers.Select(s => DhtNodeId.Create(s, _random))];
        _findNode = [.. ids.Select(id => Question("find_node", id, "6:target"))];
        _getPeers = [.. ids.Select(id => Question("get_peers", id, "9:info_hash"))];
        // Whoever asks is asked back, and is in the table once he has answered.
        for (int i = 0; i < Strangers; i++)
        {
            _now += TimeSpan.FromSeconds(1);
            _node.Receive(_findNode[i], _strangers[i], _now);
            _node.OnDeadline(_now);
            while (Take(out NodeEndPoint to))
            {
                int who = Array.IndexOf(_strangers, to);
                if (who >= 0 && BencodeDocument.TryParse(_output.WrittenMemory, BencodeLimits.Peer, out BencodeDocument? asked, out _)
                    && asked.Root.TryGet("q"u8, out _) && asked.Root.TryGetBytes("t"u8, out ReadOnlyMemory<byte> transaction))
                    _node.Receive([.. "d1:rd2:id20:"u8, .. ids[who].ToArray(), .. "e1:t"u8, .. Text(transaction.Span), .. "1:y1:re"u8], to, _now);
            }
        }
        if (_node.NodeCount < 20)
            throw new InvalidOperationException($"The table has {_node.NodeCount} nodes.");
    }

    [Benchmark(OperationsPerInvoke = Questions), AllocationGate(0)]
    public int FindNode() => Ask(_findNode);

    [Benchmark(OperationsPerInvoke = Questions), AllocationGate(0)]
    public int GetPeers() => Ask(_getPeers);

    private int Ask(byte[][] questions)
    {
        int answered = 0;
        for (int i = 0; i < Questions; i++)
        {
            // A stranger asks every quarter of a second: within his budget.
            _now += TimeSpan.FromMilliseconds(1);
            _node.Receive(questions[i % Strangers], _strangers[i % Strangers], _now);
            while (Take(out _))
                answered++;
        }
        return answered;
    }

    private bool Take(out NodeEndPoint to)
    {
        _output.ResetWrittenCount();
        return _node.TryTransmit(out to, _output);
    }

    private byte[] Question(string method, Key160 id, string target) =>
        [.. "d1:ad2:id20:"u8, .. id.ToArray(), .. Ascii(target), .. "20:"u8, .. Key160.NewRandom(_random).ToArray(), .. "e1:q"u8, .. Text(Ascii(method)), .. "1:t2:aa1:y1:qe"u8];

    private static byte[] Text(ReadOnlySpan<byte> bytes) => [.. Ascii($"{bytes.Length}:"), .. bytes];

    private static byte[] Ascii(string text) => Encoding.ASCII.GetBytes(text);
}
