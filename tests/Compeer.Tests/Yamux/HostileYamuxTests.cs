using Compeer.Protocols;
using Compeer.Protocols.Yamux;

namespace Compeer.Tests.Yamux;

/// <summary>Remotes that flood, overflow and lie: a session ends or shrugs, and holds no more than its options say.</summary>
public sealed class HostileYamuxTests
{
    private static readonly Instant Now = Instant.Zero + TimeSpan.FromHours(1);

    private readonly YamuxSession _session = new(new(), isDialer: false, Now);

    public static TheoryData<string, YamuxFrameType, YamuxFlags, uint, uint> Broken => new()
    {
        { "a number of ours", YamuxFrameType.WindowUpdate, YamuxFlags.Syn, 2, 0 },
        { "twice", YamuxFrameType.WindowUpdate, YamuxFlags.Syn, 1, 0 },
        { "stream 0", YamuxFrameType.Data, YamuxFlags.None, 0, 0 },
        { "stream 0", YamuxFrameType.WindowUpdate, YamuxFlags.Syn, 0, 0 },
        { "more than 4 GiB", YamuxFrameType.WindowUpdate, YamuxFlags.None, 1, uint.MaxValue },
        { "than the window allows", YamuxFrameType.Data, YamuxFlags.None, 1, YamuxOptions.InitialWindowBytes + 1 },
        { "than the window allows", YamuxFrameType.Data, YamuxFlags.Syn, 3, uint.MaxValue },
        { "error 1", YamuxFrameType.GoAway, YamuxFlags.None, 0, 1 },
        { "error 4294967295", YamuxFrameType.GoAway, YamuxFlags.None, 0, uint.MaxValue },
    };

    [Theory]
    [MemberData(nameof(Broken))]
    public void What_breaks_the_rules_ends_the_session(string fault, YamuxFrameType type, YamuxFlags flags, uint id, uint length)
    {
        Send(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, 1, 0);
        Send(type, flags, id, length);
        Assert.True(_session.End is YamuxEnd.ProtocolError or YamuxEnd.RemoteError);
        Assert.Contains(fault, _session.Fault, StringComparison.Ordinal);
        Assert.Equal(0, _session.StreamCount);
    }

    [Theory]
    [InlineData(1, 0)]
    [InlineData(0, 4)]
    public void Unknown_versions_and_types_end_the_session(byte version, byte type)
    {
        byte[] frame = new byte[12];
        (frame[0], frame[1]) = (version, type);
        _session.Receive(frame, Now);
        Assert.Equal(YamuxEnd.ProtocolError, _session.End);
        Assert.True(_session.TryTransmit(out ReadOnlyMemory<byte> output, Now));
        Assert.True(YamuxFrame.TryRead(output.Span[^12..], out YamuxFrame told));
        Assert.Equal(new YamuxFrame(YamuxFrameType.GoAway, YamuxFlags.None, 0, 1), told);
    }

    [Fact]
    public void Data_after_the_end_of_a_stream_ends_the_session()
    {
        Send(YamuxFrameType.Data, YamuxFlags.Syn | YamuxFlags.Fin, 1, 0);
        Send(YamuxFrameType.Data, YamuxFlags.None, 1, 1);
        Assert.Equal(YamuxEnd.ProtocolError, _session.End);
    }

    [Fact]
    public void A_flood_of_new_streams_is_refused_and_then_ends_the_session()
    {
        uint id = 1;
        for (; id < 1_000_000 && _session.End == YamuxEnd.None; id += 2)
            Send(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, id, 0);
        Assert.Equal(YamuxEnd.Flood, _session.End);
        Assert.True(_session.TryTransmit(out ReadOnlyMemory<byte> output, Now));
        Assert.InRange(output.Length, 1, 400_000);
    }

    [Fact]
    public void A_flood_of_pings_gets_a_few_answers()
    {
        for (uint i = 0; i < 100_000; i++)
            Send(YamuxFrameType.Ping, YamuxFlags.Syn, 0, i);
        Assert.True(_session.TryTransmit(out ReadOnlyMemory<byte> output, Now));
        Assert.Equal((16 + 1) * YamuxFrame.HeaderBytes, output.Length);
        Assert.Equal(YamuxEnd.None, _session.End);
    }

    [Fact]
    public void Answers_to_pings_that_were_never_sent_mean_nothing()
    {
        _session.TryTransmit(out _, Now);
        Send(YamuxFrameType.Ping, YamuxFlags.Ack, 0, 77);
        Assert.Equal(TimeSpan.Zero, _session.RoundTrip);
    }

    [Fact]
    public void What_nobody_reads_is_bounded_over_all_streams()
    {
        byte[] block = new byte[YamuxOptions.InitialWindowBytes];
        for (uint id = 1; id < 2 * 200; id += 2)
        {
            Send(YamuxFrameType.Data, YamuxFlags.Syn, id, (uint)block.Length);
            _session.Receive(block, Now);
        }
        Assert.Equal(4 << 20, _session.UnreadBytes);
        Assert.Equal(16, _session.StreamCount);
        Assert.Equal(YamuxEnd.None, _session.End);
    }

    [Fact]
    public void Resets_and_data_of_unknown_streams_are_passed_over()
    {
        for (uint id = 1; id < 20_000; id += 2)
        {
            Send(YamuxFrameType.WindowUpdate, YamuxFlags.Rst, id, 0);
            Send(YamuxFrameType.Data, YamuxFlags.Fin, id, 1);
            _session.Receive([0], Now);
        }
        Assert.Equal(YamuxEnd.None, _session.End);
        Assert.Equal(0, _session.StreamCount);
        _session.TryTransmit(out ReadOnlyMemory<byte> output, Now);
        Assert.Equal(YamuxFrame.HeaderBytes, output.Length);
    }

    [Fact]
    public void Rapid_opening_and_resetting_leaves_nothing_behind()
    {
        for (uint id = 1; id < 200_000; id += 2)
        {
            Send(YamuxFrameType.WindowUpdate, YamuxFlags.Syn, id, 0);
            Send(YamuxFrameType.WindowUpdate, YamuxFlags.Rst, id, 0);
            Assert.InRange(_session.WaitingStreams, 0, 4 * 1024);
            while (_session.TryTakeSignals(out _, out _))
            {
            }
        }
        Assert.Equal(0, _session.StreamCount);
        Assert.True(_session.End is YamuxEnd.None);
    }

    [Fact]
    public void Random_frames_never_throw_and_never_exceed_the_bounds()
    {
        for (int seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var session = new YamuxSession(new(), isDialer: seed % 2 == 0, Now);
            session.OpenStream(Now);
            byte[] bytes = new byte[4096];
            for (int i = 0; i < 200 && session.End == YamuxEnd.None; i++)
            {
                new YamuxFrame((YamuxFrameType)random.Next(4), (YamuxFlags)random.Next(16), (uint)random.Next(8), (uint)random.Next(300)).Write(bytes);
                session.Receive(bytes.AsSpan(0, random.Next(200)), Now);
                session.TryTransmit(out _, Now);
                Assert.InRange(session.UnreadBytes, 0, 4 << 20);
            }
        }
    }

    private void Send(YamuxFrameType type, YamuxFlags flags, uint id, uint length)
    {
        Span<byte> header = stackalloc byte[YamuxFrame.HeaderBytes];
        new YamuxFrame(type, flags, id, length).Write(header);
        _session.Receive(header, Now);
    }
}
