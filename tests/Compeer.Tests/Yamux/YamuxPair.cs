using Compeer.Protocols;
using Compeer.Protocols.Yamux;

namespace Compeer.Tests.Yamux;

/// <summary>Two sessions and the wire between them, on a clock that the test moves.</summary>
internal sealed class YamuxPair
{
    private readonly int _cut;
    private readonly TimeSpan _delay;

    public YamuxPair(YamuxOptions? options = null, int cut = int.MaxValue, TimeSpan delay = default)
    {
        _cut = cut;
        _delay = delay;
        Dialer = new YamuxSession(options ?? new(), isDialer: true, Now);
        Listener = new YamuxSession(options ?? new(), isDialer: false, Now);
    }

    public Instant Now { get; set; } = Instant.Zero + TimeSpan.FromHours(1);

    public YamuxSession Dialer { get; }

    public YamuxSession Listener { get; }

    /// <summary>Streams that the dialer opened, as the listener sees them.</summary>
    public List<YamuxStream> Arrived { get; } = [];

    public Dictionary<YamuxStream, YamuxSignals> Seen { get; } = [];

    /// <summary>Moves bytes both ways until nothing is left to be sent; what is sent takes the delay to cross.</summary>
    public void Run()
    {
        for (int round = 0; round < 100_000; round++)
        {
            bool any = Cross(Dialer, Listener) | Cross(Listener, Dialer);
            TakeSignals(Dialer);
            TakeSignals(Listener);
            if (!any)
                return;
        }
        throw new InvalidOperationException("The sessions never come to rest.");
    }

    public (YamuxStream Ours, YamuxStream Theirs) Open()
    {
        YamuxStream ours = Dialer.OpenStream(Now)!;
        Run();
        return (ours, Arrived[^1]);
    }

    public byte[] ReadAll(YamuxStream stream)
    {
        byte[] bytes = new byte[stream.ReadableBytes];
        Assert.Equal(bytes.Length, stream.Read(bytes, Now));
        return bytes;
    }

    private bool Cross(YamuxSession from, YamuxSession to)
    {
        bool any = false;
        while (from.TryTransmit(out ReadOnlyMemory<byte> output, Now))
        {
            Now += any ? TimeSpan.Zero : _delay;
            any = true;
            for (int at = 0; at < output.Length; at += Math.Min(_cut, output.Length - at))
                to.Receive(output.Span.Slice(at, Math.Min(_cut, output.Length - at)), Now);
        }
        return any;
    }

    private void TakeSignals(YamuxSession session)
    {
        while (session.TryTakeSignals(out YamuxStream stream, out YamuxSignals signals))
        {
            Seen[stream] = Seen.GetValueOrDefault(stream) | signals;
            if ((signals & YamuxSignals.Opened) != 0)
                Arrived.Add(stream);
        }
    }
}
