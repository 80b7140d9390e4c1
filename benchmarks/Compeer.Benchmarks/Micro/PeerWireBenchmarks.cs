using System.Buffers;
using System.Buffers.Binary;
using BenchmarkDotNet.Attributes;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Protocols;
using Compeer.Protocols.PeerWire;

namespace Compeer.Benchmarks.Micro;

/// <summary>Messages of a connection as it runs: blocks in, requests in, haves out and in. An operation is a message.</summary>
[MemoryDiagnoser]
public class PeerWireBenchmarks
{
    private const int Messages = 1_000;
    private const int Outstanding = 500;
    private const int BlocksPerPiece = 64;
    private const int Pieces = 100_000;

    private static readonly Instant Now = Instant.Zero + TimeSpan.FromHours(1);

    private readonly ArrayBufferWriter<byte> _output = new(1 << 20);
    private readonly byte[] _block = new byte[PeerMessageWriter.PieceHeaderBytes + BlockRequest.BlockBytes];
    private readonly byte[] _requests = new byte[Messages * 17];
    private readonly byte[] _haves = new byte[Messages * 9];
    private PeerWireSession _session = null!;
    private int _next;

    [GlobalSetup]
    public void Start()
    {
        Handshake Greeting(byte peer) => new(ReservedBits.Fast | ReservedBits.Extensions, Sha1Hash.Of("torrent"u8), PeerId.Create(Enumerable.Repeat(peer, 12).ToArray()));
        _session = new PeerWireSession(new PeerWireOptions { DefaultOutstanding = Outstanding }, Greeting(1), Greeting(2), Now);
        _session.SetPieces(Pieces, _ => BlocksPerPiece * BlockRequest.BlockBytes);
        // Have none, unchoke, interested.
        Receive([0, 0, 0, 1, 15, 0, 0, 0, 1, 1, 0, 0, 0, 1, 2]);
        _session.Unchoke();
        for (int i = 0; i < Outstanding; i++)
            _session.Request(Block(i));
        for (int i = 0; i < Messages; i++)
        {
            Header(_requests.AsSpan(i * 17), 13, 6, Block(i));
            BinaryPrimitives.WriteInt32BigEndian(_requests.AsSpan((i * 17) + 13), BlockRequest.BlockBytes);
            BinaryPrimitives.WriteInt32BigEndian(_haves.AsSpan(i * 9), 5);
            _haves[(i * 9) + 4] = 4;
            BinaryPrimitives.WriteInt32BigEndian(_haves.AsSpan((i * 9) + 5), i);
        }
    }

    /// <summary>Blocks arrive, the next are requested, and the requests leave.</summary>
    [Benchmark(OperationsPerInvoke = Messages), AllocationGate(0)]
    public int Blocks()
    {
        int received = 0;
        for (int i = 0; i < Messages; i++, _next++)
        {
            Header(_block, 9 + BlockRequest.BlockBytes, 7, Block(_next));
            received += Receive(_block);
            _session.Request(Block(_next + Outstanding));
            Send();
        }
        return received;
    }

    /// <summary>Requests arrive and are taken to be served.</summary>
    [Benchmark(OperationsPerInvoke = Messages), AllocationGate(0)]
    public int Requests()
    {
        int served = 0;
        for (int at = 0; at < _requests.Length; at += 17)
        {
            Receive(_requests.AsSpan(at, 17));
            while (_session.TryTakeUpload(out BlockRequest request))
            {
                PeerMessageWriter.PieceHeader(_block, request);
                served++;
            }
        }
        return served;
    }

    /// <summary>The peer tells what it has; we tell it what we have.</summary>
    [Benchmark(OperationsPerInvoke = 2 * Messages), AllocationGate(0)]
    public int Haves()
    {
        int told = Receive(_haves);
        for (int i = 0; i < Messages; i++)
        {
            _session.SendHave(i);
            Send();
        }
        return told;
    }

    /// <summary>Pieces come round again after all of them.</summary>
    private static BlockRequest Block(int i) => new(i / BlocksPerPiece % Pieces, i % BlocksPerPiece * BlockRequest.BlockBytes, BlockRequest.BlockBytes);

    private static void Header(Span<byte> target, int length, byte id, BlockRequest block)
    {
        BinaryPrimitives.WriteInt32BigEndian(target, length);
        target[4] = id;
        BinaryPrimitives.WriteInt32BigEndian(target[5..], block.Index);
        BinaryPrimitives.WriteInt32BigEndian(target[9..], block.Begin);
    }

    private int Receive(ReadOnlySpan<byte> data)
    {
        int events = 0;
        while (_session.TryReceive(ref data, Now, out _))
            events++;
        return events;
    }

    private void Send()
    {
        _output.ResetWrittenCount();
        _session.TryTransmit(_output, Now);
    }
}
