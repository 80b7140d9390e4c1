using BenchmarkDotNet.Attributes;
using Compeer.Network.SecureChannels;
using Compeer.Protocols;
using Compeer.Protocols.Noise;
using Compeer.Protocols.Yamux;

namespace Compeer.Benchmarks.Micro;

/// <summary>What carries a libp2p stream: frames of Noise and of Yamux, from one end to the other. An operation is a frame.</summary>
[MemoryDiagnoser]
public class StreamBenchmarks : IDisposable
{
    private const int Frames = 100;
    private const int PayloadBytes = 16 * 1024;

    private readonly NoiseCipher _encrypting = new(OpenSslAead.Create, new byte[NoiseCipher.KeyBytes]);
    private readonly NoiseCipher _decrypting = new(OpenSslAead.Create, new byte[NoiseCipher.KeyBytes]);
    private readonly byte[] _payload = new byte[PayloadBytes];
    private readonly byte[] _frame = new byte[PayloadBytes + NoiseCipher.OverheadBytes];
    private readonly YamuxSession _dialer = new(new YamuxOptions(), isDialer: true, Instant.Zero);
    private readonly YamuxSession _listener = new(new YamuxOptions(), isDialer: false, Instant.Zero);
    private YamuxStream _writing = null!;

    [GlobalSetup]
    public void Start()
    {
        _writing = _dialer.OpenStream(Instant.Zero)!;
        Carry(_dialer, _listener);
    }

    /// <summary>Content is encrypted and decrypted again.</summary>
    [Benchmark(OperationsPerInvoke = Frames), AllocationGate(0)]
    public int Noise()
    {
        int intact = 0;
        for (int i = 0; i < Frames; i++)
        {
            int length = _encrypting.WriteFrame(_payload, _frame);
            intact += _decrypting.TryDecrypt(_frame.AsSpan(NoiseCipher.LengthBytes, length - NoiseCipher.LengthBytes), _payload) ? 1 : 0;
        }
        return intact;
    }

    /// <summary>A stream is written, read, and its window given back.</summary>
    [Benchmark(OperationsPerInvoke = Frames), AllocationGate(0)]
    public int Yamux()
    {
        int read = 0;
        for (int i = 0; i < Frames; i++)
        {
            _writing.Write(_payload);
            Carry(_dialer, _listener);
            while (_listener.TryTakeSignals(out YamuxStream stream, out _))
                read += stream.Read(_payload, Instant.Zero);
            Carry(_listener, _dialer);
        }
        return read;
    }

    [GlobalCleanup]
    public void Dispose()
    {
        _encrypting.Dispose();
        _decrypting.Dispose();
        GC.SuppressFinalize(this);
    }

    private static void Carry(YamuxSession from, YamuxSession to)
    {
        while (from.TryTransmit(out ReadOnlyMemory<byte> output, Instant.Zero))
            to.Receive(output.Span, Instant.Zero);
    }
}
