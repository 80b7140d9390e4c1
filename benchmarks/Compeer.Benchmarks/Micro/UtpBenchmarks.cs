using System.Net;
using BenchmarkDotNet.Attributes;
using Compeer.Protocols;
using Compeer.Protocols.Utp;

namespace Compeer.Benchmarks.Micro;

/// <summary>Two ends of a connection over a perfect link of 1 ms. An operation is a KiB carried: written, sent, received, acknowledged, read.</summary>
[MemoryDiagnoser]
public class UtpBenchmarks
{
    private const int Kibibytes = 1_024;

    private static readonly IPEndPoint AddressA = new(IPAddress.Parse("192.0.2.1"), 1001);
    private static readonly IPEndPoint AddressB = new(IPAddress.Parse("192.0.2.2"), 1002);

    private readonly byte[] _data = new byte[64 << 10];
    private readonly byte[] _datagram = new byte[65_536];
    private UtpRouter _a = null!;
    private UtpRouter _b = null!;
    private UtpConnection _from = null!;
    private UtpConnection? _to;
    private Instant _now = Instant.Zero + TimeSpan.FromHours(1);

    [GlobalSetup]
    public void Connect()
    {
        _a = new UtpRouter(new UtpOptions(), new Random(1), _now);
        _b = new UtpRouter(new UtpOptions(), new Random(2), _now);
        _from = _a.Connect(AddressB, _now)!;
        for (int step = 0; step < 1_000 && _to is null; step++)
        {
            if (_from.IsConnected && _from.UnacknowledgedBytes == 0)
                _from.Write("!"u8, _now);
            Step();
        }
        if (_to is null)
            throw new InvalidOperationException("The two ends did not connect.");
    }

    [Benchmark(OperationsPerInvoke = Kibibytes), AllocationGate(1)]
    public int Carry()
    {
        int read = 0, written = 0;
        for (int step = 0; step < 100_000 && read < Kibibytes << 10; step++)
        {
            if (written < Kibibytes << 10)
                written += _from.Write(_data.AsSpan(0, Math.Min(_data.Length, (Kibibytes << 10) - written)), _now);
            Step();
            read += _to!.Read(_data, _now);
        }
        return read;
    }

    private void Step()
    {
        _now += TimeSpan.FromMilliseconds(1);
        Deliver(_a, _b, AddressA);
        Deliver(_b, _a, AddressB);
        if (_a.NextDeadline <= _now)
            _a.OnDeadline(_now);
        if (_b.NextDeadline <= _now)
            _b.OnDeadline(_now);
        while (_a.TryTakeEvent(out _))
        {
        }
        while (_b.TryTakeEvent(out UtpEvent happened))
            _to ??= happened.Connection;
    }

    private void Deliver(UtpRouter sender, UtpRouter receiver, IPEndPoint address)
    {
        while (sender.TryTransmit(_datagram, out UtpDatagram datagram, _now))
            receiver.Receive(_datagram.AsSpan(0, datagram.LengthBytes), address, _now);
    }
}
