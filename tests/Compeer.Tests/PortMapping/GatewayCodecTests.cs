using System.Buffers;
using System.Net;
using Compeer.Protocols;
using Compeer.Protocols.PortMapping;

namespace Compeer.Tests.PortMapping;

public sealed class GatewayCodecTests
{
    private static readonly Instant Start = Instant.Zero + TimeSpan.FromHours(1);
    private static readonly MappingWish Tcp = new(MappedProtocol.Tcp, 6881, 6882, TimeSpan.FromSeconds(3600));

    [Fact]
    public void NatPmp_requests_are_as_the_specification_draws_them()
    {
        byte[] target = new byte[NatPmpCodec.MaxRequestBytes];
        Assert.Equal(2, NatPmpCodec.WriteAddressRequest(target));
        Assert.Equal([0, 0], target[..2]);
        Assert.Equal(12, NatPmpCodec.WriteMapRequest(target, MappedProtocol.Udp, 6881, 6882, 7200));
        Assert.Equal("000100001AE11AE200001C20", Convert.ToHexString(target));
        NatPmpCodec.WriteMapRequest(target, MappedProtocol.Tcp, 80, 0, 0);
        Assert.Equal("000200000050000000000000", Convert.ToHexString(target));
    }

    [Fact]
    public void NatPmp_responses_are_read_and_every_cut_is_refused()
    {
        byte[] address = Convert.FromHexString("008000000000002ACB007105");
        Assert.True(NatPmpCodec.TryReadResponse(address, out NatPmpResponse? response));
        Assert.Equal(new NatPmpResponse(0, NatPmpResult.Success, 42, IPAddress.Parse("203.0.113.5")), response);
        byte[] map = Convert.FromHexString("008200000000002A1AE11AE200000E10");
        Assert.True(NatPmpCodec.TryReadResponse([.. map, 9], out response));
        Assert.Equal(new NatPmpResponse(2, NatPmpResult.Success, 42, null, 6881, 6882, 3600), response);
        foreach (byte[] whole in (byte[][])[address, map])
        {
            for (int length = 0; length < whole.Length; length++)
                Assert.False(NatPmpCodec.TryReadResponse(whole.AsSpan(0, length), out _));
        }
        Assert.False(NatPmpCodec.TryReadResponse([1, .. map[1..]], out _));
        Assert.False(NatPmpCodec.TryReadResponse([0, 2, .. map[2..]], out _));
    }

    [Fact]
    public void Pcp_requests_are_as_the_specification_draws_them()
    {
        byte[] target = new byte[PcpCodec.MaxRequestBytes];
        Assert.Equal(24, PcpCodec.WriteAnnounce(target, IPAddress.Parse("192.168.1.20")));
        Assert.Equal("02000000" + "00000000" + "00000000000000000000FFFFC0A80114", Convert.ToHexString(target[..24]));
        byte[] nonce = [.. Enumerable.Range(1, 12).Select(i => (byte)i)];
        Assert.Equal(60, PcpCodec.WriteMap(target, IPAddress.Parse("192.168.1.20"), 3600, new PcpMap(nonce, MappedProtocol.Udp, 6881, 6882, IPAddress.Any)));
        Assert.Equal(
            "0201000000000E1000000000000000000000FFFFC0A80114" + "0102030405060708090A0B0C" + "11000000" + "1AE11AE2" + "00000000000000000000FFFF00000000",
            Convert.ToHexString(target));
    }

    [Fact]
    public void Pcp_responses_are_read_and_every_cut_is_refused()
    {
        byte[] map = Convert.FromHexString("0281000000000E100000002A000000000000000000000000" + "0102030405060708090A0B0C" + "06000000" + "1AE11AE2" + "00000000000000000000FFFFCB007105");
        Assert.True(PcpCodec.TryReadResponse(map, out PcpResponse? response));
        Assert.Equal((PcpOpcode.Map, PcpResult.Success, 3600u, 42u), (response.Opcode, response.Result, response.LifetimeSeconds, response.EpochSeconds));
        Assert.Equal((MappedProtocol.Tcp, 6881, 6882, IPAddress.Parse("203.0.113.5")), (response.Map!.Protocol, response.Map.InternalPort, response.Map.ExternalPort, response.Map.ExternalAddress));
        for (int length = 0; length < map.Length; length++)
            Assert.False(PcpCodec.TryReadResponse(map.AsSpan(0, length), out _));
        Assert.False(PcpCodec.TryReadResponse(new byte[1200], out _));
        Assert.False(PcpCodec.TryReadResponse([2, 1, .. map[2..]], out _));
        Assert.False(PcpCodec.TryReadResponse([2, 130, .. map[2..]], out _));
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(11);
        byte[] buffer = new byte[1300];
        for (int i = 0; i < 100_000; i++)
        {
            Span<byte> bytes = buffer.AsSpan(0, random.Next(i % 50 == 0 ? buffer.Length : 70));
            random.NextBytes(bytes);
            if (bytes.Length > 0)
                bytes[0] = (byte)random.Next(3);
            NatPmpCodec.TryReadResponse(bytes, out _);
            PcpCodec.TryReadResponse(bytes, out _);
            PcpCodec.TryReadVersionRefusal(bytes, out _);
            SsdpCodec.TryReadAnswer(bytes, out _);
        }
    }

    [Fact]
    public void NatPmp_repeats_with_doubling_waits_and_then_gives_up()
    {
        var session = new NatPmpSession(GatewayTimes.NatPmp, new Random(1));
        session.Probe(Start);
        var sent = new List<double>();
        Instant now = Start;
        while (session.NextDeadline is { } due)
        {
            now = due > now ? due : now;
            session.OnDeadline(now);
            if (session.TryTransmit(new ArrayBufferWriter<byte>(), now))
                sent.Add((now - Start).TotalMilliseconds);
        }
        Assert.Equal([0, 250, 750, 1750, 3750], sent);
        Assert.True(session.TryTakeEvent(out MappingSessionEvent? happened));
        Assert.Equal(new MappingWayFailed("the router does not answer"), happened);
    }

    [Theory]
    [InlineData(1u, false)]
    [InlineData(1300u, true)]
    [InlineData(990u, false)]
    [InlineData(1263u, true)]
    [InlineData(1255u, false)]
    [InlineData(uint.MaxValue, true)]
    public void NatPmp_sees_a_restart_by_a_clock_that_is_behind(uint later, bool continues)
    {
        var session = new NatPmpSession(GatewayTimes.NatPmp, new Random(1));
        Answer(session, Start, 1000);
        // After 300 s the clock of a gateway that is 1/8 slow shows 262.5 s more; 2 s are forgiven.
        Answer(session, Start + TimeSpan.FromSeconds(300), later);
        var events = Events(session);
        Assert.Equal(!continues, events.OfType<MappingsLost>().Any());
    }

    [Theory]
    [InlineData(1300u, true)]
    [InlineData(1u, false)]
    [InlineData(999u, false)]
    [InlineData(1285u, true)]
    [InlineData(1270u, false)]
    [InlineData(1320u, true)]
    [InlineData(1330u, false)]
    [InlineData(uint.MaxValue, false)]
    public void Pcp_sees_a_restart_by_a_clock_that_disagrees(uint later, bool continues)
    {
        PcpSession session = Pcp();
        Announce(session, Start, 1000);
        Announce(session, Start + TimeSpan.FromSeconds(300), later);
        Assert.Equal(!continues, Events(session).OfType<MappingsLost>().Any());
    }

    [Fact]
    public void Pcp_ignores_a_wrong_nonce_port_or_protocol()
    {
        PcpSession session = Pcp();
        session.Map(Tcp, Start);
        byte[] good = Echo(session, Start, 3600);
        foreach (int at in (int[])[24, 35, 36, 40, 41])
        {
            byte[] wrong = [.. good];
            wrong[at] ^= 1;
            Assert.False(session.Receive(wrong, Start));
        }
        Assert.True(session.Receive(good, Start));
        Assert.Equal(6882, Assert.IsType<MappingGranted>(Assert.Single(Events(session))).ExternalPort);
        Assert.False(session.Receive(good, Start));
    }

    [Fact]
    public void Pcp_nonces_differ_by_mapping_and_by_key_and_survive_a_restart()
    {
        static string NonceOf(string key, MappingWish wish)
        {
            var session = new PcpSession(GatewayTimes.Pcp, ScriptedRouter.Link, System.Text.Encoding.ASCII.GetBytes(key), new Random(1));
            session.Map(wish, Start);
            var output = new ArrayBufferWriter<byte>();
            session.TryTransmit(output, Start);
            return Convert.ToHexString(output.WrittenSpan.Slice(24, 12));
        }
        Assert.Equal(NonceOf("a", Tcp), NonceOf("a", Tcp with { ExternalPort = 9, Lease = TimeSpan.FromSeconds(1) }));
        Assert.Equal(4, new[] { NonceOf("a", Tcp), NonceOf("b", Tcp), NonceOf("a", Tcp with { Protocol = MappedProtocol.Udp }), NonceOf("a", Tcp with { InternalPort = 1 }) }.Distinct().Count());
    }

    [Theory]
    [InlineData(0u, null)]
    [InlineData(1u, 1.0)]
    [InlineData(uint.MaxValue, 4294967295.0)]
    public void Lifetimes_of_every_size_are_understood(uint lifetime, double? granted)
    {
        PcpSession pcp = Pcp();
        pcp.Map(Tcp, Start);
        Assert.True(pcp.Receive(Echo(pcp, Start, lifetime), Start));
        var natPmp = new NatPmpSession(GatewayTimes.NatPmp, new Random(1));
        natPmp.Map(Tcp, Start);
        natPmp.TryTransmit(new ArrayBufferWriter<byte>(), Start);
        byte[] reply = Convert.FromHexString("008200000000002A1AE11AE2" + lifetime.ToString("X8", System.Globalization.CultureInfo.InvariantCulture));
        Assert.True(natPmp.Receive(reply, Start));
        foreach (MappingSessionEvent happened in (MappingSessionEvent[])[Assert.Single(Events(pcp)), Assert.Single(Events(natPmp))])
        {
            if (granted is null)
                Assert.IsType<MappingRefused>(happened);
            else
                Assert.Equal(granted, Assert.IsType<MappingGranted>(happened).Lifetime!.Value.TotalSeconds);
        }
    }

    [Fact]
    public void Every_result_has_words()
    {
        foreach (PcpResult result in Enum.GetValues<PcpResult>())
            Assert.NotEmpty(PcpCodec.Describe(result));
        foreach (NatPmpResult result in Enum.GetValues<NatPmpResult>())
            Assert.NotEmpty(NatPmpCodec.Describe(result));
        Assert.Contains("77", PcpCodec.Describe((PcpResult)77), StringComparison.Ordinal);
    }

    private static PcpSession Pcp() => new(GatewayTimes.Pcp, ScriptedRouter.Link, "key"u8, new Random(1));

    private static byte[] Echo(PcpSession session, Instant now, uint lifetime)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.True(session.TryTransmit(output, now));
        byte[] reply = output.WrittenSpan.ToArray();
        reply[1] += 128;
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(4), lifetime);
        reply.AsSpan(8, 16).Clear();
        return reply;
    }

    private static void Answer(NatPmpSession session, Instant now, uint epoch)
    {
        session.Probe(now);
        session.TryTransmit(new ArrayBufferWriter<byte>(), now);
        Assert.True(session.Receive(Convert.FromHexString($"00800000{epoch:X8}05060708"), now));
    }

    private static void Announce(PcpSession session, Instant now, uint epoch)
    {
        session.Probe(now);
        byte[] reply = Echo(session, now, 0);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(reply.AsSpan(8), epoch);
        Assert.True(session.Receive(reply, now));
    }

    private static List<MappingSessionEvent> Events(IMappingSession session)
    {
        var events = new List<MappingSessionEvent>();
        while (session.TryTakeEvent(out MappingSessionEvent? happened))
            events.Add(happened);
        return events;
    }
}
