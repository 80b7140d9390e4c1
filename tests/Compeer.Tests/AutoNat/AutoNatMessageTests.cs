using Compeer.Formats.Multiformats;
using Compeer.Network.SecureChannels;
using Compeer.Protocols;
using Compeer.Protocols.AutoNat;

namespace Compeer.Tests.AutoNat;

public sealed class AutoNatMessageTests
{
    private static readonly PeerId[] Peers = [.. Enumerable.Range(0, 8).Select(_ => PeerId.FromPublicKey(PrivateIdentity.Generate().PublicKey))];
    private static readonly Multiaddr Address = Multiaddr.Parse("/ip4/192.0.2.1/tcp/4001"), Other = Multiaddr.Parse("/ip4/192.0.2.2/tcp/4001");
    private static readonly Instant Start = new(TimeSpan.TicksPerDay);

    public static TheoryData<string> Kinds => ["v1 dial", "v1 response", "request", "response", "data request", "data"];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Messages_survive_a_round_trip_and_cuts_are_refused_or_read_as_less(string kind)
    {
        byte[] bytes = Encoded(kind);
        Assert.True(TryRecode(kind, bytes, out byte[]? again));
        Assert.Equal(bytes, again);
        for (int length = 0; length < bytes.Length; length++)
        {
            if (TryRecode(kind, bytes[..length], out again))
                Assert.NotEqual(bytes, again);
        }
        var random = new Random(kind.Length);
        for (int i = 0; i < 5000; i++)
        {
            byte[] changed = [.. bytes];
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
            TryRecode(kind, changed, out _);
            byte[] noise = new byte[random.Next(40)];
            random.NextBytes(noise);
            TryRecode(kind, noise, out _);
            AutoNatV2Message.TryDecodeDialBack(noise, out _);
        }
        Assert.False(TryRecode(kind, new byte[AutoNatV2Message.MaxBytes + 1], out _));
    }

    [Fact]
    public void An_address_that_cannot_be_read_keeps_its_place()
    {
        Assert.True(AutoNatV2Message.TryDecode([0x0A, 3 + 10, 0x0A, 1, 0xFF, 0x0A, 8, .. Address.Bytes], out AutoNatV2Message? message));
        Assert.Equal([null, Address], Assert.IsType<AutoNatV2Message.DialRequest>(message).Addresses);
    }

    [Fact]
    public void A_dial_back_is_its_nonce()
    {
        byte[] bytes = AutoNatV2Message.EncodeDialBack(0x1122334455667788);
        Assert.Equal([0x09, 0x88, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11], bytes);
        Assert.True(AutoNatV2Message.TryDecodeDialBack(bytes, out ulong nonce));
        Assert.Equal(0x1122334455667788UL, nonce);
        for (int length = 0; length < bytes.Length; length++)
            Assert.False(AutoNatV2Message.TryDecodeDialBack(bytes.AsSpan(0, length), out _));
    }

    [Fact]
    public void Only_so_many_addresses_are_read()
    {
        Multiaddr[] many = [.. Enumerable.Range(1, 60).Select(i => Multiaddr.Parse($"/ip4/192.0.2.1/tcp/{i}"))];
        Assert.True(AutoNatV1Message.TryDecode(new AutoNatV1Message.Dial(Peers[0], many).Encode(), out AutoNatV1Message? v1));
        Assert.Equal(many.Take(AutoNatV1Message.MaxAddresses), ((AutoNatV1Message.Dial)v1).Addresses);
        Assert.True(AutoNatV2Message.TryDecode(new AutoNatV2Message.DialRequest(many, 1).Encode(), out AutoNatV2Message? v2));
        Assert.Equal(many.Take(AutoNatV2Message.MaxAddresses), ((AutoNatV2Message.DialRequest)v2).Addresses);
    }

    [Fact]
    public void Dials_are_granted_so_often_in_a_minute()
    {
        var rates = new AutoNatRates(total: 5, perPeer: 2);
        Assert.Equal([true, true, false], Enumerable.Range(0, 3).Select(_ => rates.TryTake(Peers[0], Start)));
        Assert.Equal([true, true, true, false], Enumerable.Range(1, 4).Select(i => rates.TryTake(Peers[i], Start)));
        Assert.True(rates.TryTake(Peers[0], Start + TimeSpan.FromMinutes(1)));
    }

    [Fact]
    public void An_address_is_reached_when_enough_say_so_and_more_than_say_otherwise()
    {
        var votes = new ReachabilityVotes(quorum: 3);
        for (int i = 0; i < 3; i++)
        {
            Assert.Null(votes.IsPublic);
            votes.Take(Address, Peers[0], true, Start);
            votes.Take(Address, Peers[i], true, Start);
            votes.Take(Other, Peers[i], false, Start);
        }
        Assert.Equal((true, false, true), (votes.IsReached(Address), votes.IsReached(Other), votes.IsPublic));
        Assert.Equal([Address], votes.Reached);
        for (int i = 3; i < 6; i++)
            votes.Take(Address, Peers[i], false, Start);
        Assert.Null(votes.IsReached(Address));
        Assert.False(votes.IsPublic);
        votes.Take(Address, Peers[0], true, Start + ReachabilityVotes.MaxAge);
        Assert.Null(votes.IsPublic);
    }

    [Fact]
    public void Votes_are_bounded()
    {
        var votes = new ReachabilityVotes(quorum: 1);
        for (int i = 1; i <= 1000; i++)
            votes.Take(Multiaddr.Parse($"/ip4/192.0.2.1/tcp/{i}"), Peers[i % 8], true, Start);
        Assert.Equal(ReachabilityVotes.MaxAddresses, votes.Reached.Count);
    }

    private static byte[] Encoded(string kind) => kind switch
    {
        "v1 dial" => new AutoNatV1Message.Dial(Peers[0], [Address, Other]).Encode(),
        "v1 response" => new AutoNatV1Message.Response(AutoNatV1Status.DialError, Address).Encode(),
        "request" => new AutoNatV2Message.DialRequest([Address, Other], 77).Encode(),
        "response" => new AutoNatV2Message.DialResponse(AutoNatV2Status.Ok, 1, AutoNatDialStatus.DialBackError).Encode(),
        "data request" => new AutoNatV2Message.DialDataRequest(1, 50_000).Encode(),
        _ => new AutoNatV2Message.DialDataResponse(new byte[100]).Encode(),
    };

    private static bool TryRecode(string kind, byte[] bytes, out byte[]? again)
    {
        again = null;
        if (kind.StartsWith("v1", StringComparison.Ordinal))
            again = AutoNatV1Message.TryDecode(bytes, out AutoNatV1Message? v1) ? v1.Encode() : null;
        else
            again = AutoNatV2Message.TryDecode(bytes, out AutoNatV2Message? v2) ? v2.Encode() : null;
        return again is not null;
    }
}
