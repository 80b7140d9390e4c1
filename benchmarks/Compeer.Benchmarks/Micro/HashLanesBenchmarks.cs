using BenchmarkDotNet.Attributes;
using Compeer.Formats.Hashing;

namespace Compeer.Benchmarks.Micro;

/// <summary>Eight pieces of 256 KiB, or their leaves, in the lanes chosen for this processor. An operation is a KiB.</summary>
[MemoryDiagnoser]
public class HashLanesBenchmarks
{
    private const int Pieces = 8, PieceBytes = 256 << 10, LeafBytes = 16 << 10;
    private const int Kibibytes = Pieces * PieceBytes >> 10;

    private readonly Sha1Hash[] _pieceHashes = new Sha1Hash[Pieces];
    private readonly Sha256Hash[] _leafHashes = new Sha256Hash[Pieces * PieceBytes / LeafBytes];
    private IReadOnlyList<ReadOnlyMemory<byte>>[] _pieces = [];
    private ReadOnlyMemory<byte>[] _leaves = [];

    [GlobalSetup]
    public void Start()
    {
        byte[] data = new byte[Pieces * PieceBytes];
        new Random(1).NextBytes(data);
        _pieces = [.. Enumerable.Range(0, Pieces).Select(i => (ReadOnlyMemory<byte>[])[data.AsMemory(i * PieceBytes, PieceBytes)])];
        _leaves = [.. Enumerable.Range(0, _leafHashes.Length).Select(i => (ReadOnlyMemory<byte>)data.AsMemory(i * LeafBytes, LeafBytes))];
    }

    [Benchmark(OperationsPerInvoke = Kibibytes), AllocationGate(1)]
    public void Sha1() => HashLanes.Best.Sha1(_pieces, _pieceHashes);

    [Benchmark(OperationsPerInvoke = Kibibytes), AllocationGate(1)]
    public void Sha256() => HashLanes.Best.Sha256(_leaves, _leafHashes);
}
