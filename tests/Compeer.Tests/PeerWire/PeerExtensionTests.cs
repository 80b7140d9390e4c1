using System.Net;
using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Formats.Merkle;
using Compeer.Protocols.HolePunching;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.PeerWire;

public class PeerExtensionTests
{
    private const string TheirNumbers = "d1:md11:lt_donthavei7e11:upload_onlyi8e11:ut_metadatai9eee";

    private static readonly Sha256Hash Root = Sha256Hash.Of("root"u8);
    private static readonly HashRange Range = new(0, 4, 4, 3);

    [Fact]
    public void Our_handshake_names_our_numbers_and_ourselves()
    {
        PeerWireSession session = WireSession.New(options: new PeerWireOptions { ClientName = "me" });
        session.SendExtensions(6881, 1234, true, IPAddress.Parse("::ffff:10.1.2.3"));
        Assert.Equal(
            WireBytes.Extended(0, "d1:md11:lt_donthavei2e11:upload_onlyi3e12:ut_holepunchi4e11:ut_metadatai1ee13:metadata_sizei1234e1:pi6881e4:reqqi2000e11:upload_onlyi1e1:v2:me6:yourip4:\n\u0001\u0002\u0003e"),
            session.Sent());
    }

    [Theory]
    [InlineData("203.0.113.7:50000")]
    [InlineData("[2001:db8::7]:50000")]
    public void A_port_at_a_relay_is_told_and_understood(string relayed)
    {
        PeerWireSession session = WireSession.New(), other = WireSession.New();
        session.SendExtensions(6881, 0, false, IPAddress.Loopback, relayed: IPEndPoint.Parse(relayed));
        other.Feed(session.Sent());
        Assert.Equal(IPEndPoint.Parse(relayed), other.Remote.Relayed);
    }

    [Theory]
    [InlineData("203.0.113.7")]
    [InlineData("2001:db8::7")]
    public void Our_own_address_is_told_to_who_cannot_see_it(string address)
    {
        PeerWireSession session = WireSession.New(), other = WireSession.New();
        session.SendExtensions(6881, 0, false, IPAddress.Loopback, ownAddress: IPAddress.Parse(address));
        other.Feed(session.Sent());
        Assert.Equal(IPAddress.Parse(address), other.Remote.OwnV4 ?? other.Remote.OwnV6);
    }

    [Fact]
    public void What_is_not_known_is_left_out()
    {
        PeerWireSession session = WireSession.New(options: new PeerWireOptions { ClientName = "me" });
        session.SendExtensions(0, 0, false, IPAddress.IPv6Loopback);
        Assert.DoesNotContain("metadata_size", Encoding.Latin1.GetString(session.Sent()), StringComparison.Ordinal);
    }

    [Fact]
    public void A_remote_without_extensions_hears_none_and_is_not_heard()
    {
        PeerWireSession session = WireSession.New(ReservedBits.Fast);
        session.SendExtensions(1, 1, true, IPAddress.Loopback);
        session.SendDontHave(1);
        session.SendUploadOnly(true);
        session.SendMetadata(0, 1, [1]);
        session.RejectMetadata(0);
        Assert.False(session.RequestMetadata(0));
        Assert.Empty(session.Sent());
        Assert.Empty(session.Feed(WireBytes.Extended(0, "garbage")));
        Assert.Null(session.Closed);
    }

    [Fact]
    public void Their_handshake_is_understood()
    {
        PeerWireSession session = WireSession.New();
        Assert.Equal(["Extensions 0 0 0"], session.Feed(WireBytes.Extended(
            0, "d1:md11:ut_metadatai9e6:ut_pexi1ee13:metadata_sizei31235e1:pi6881e4:reqqi500e11:upload_onlyi1e1:v11:\u00C2\u00B5Torrent 16:yourip4:\n\u0001\u0002\u0003e")));
        RemoteExtensions remote = session.Remote;
        Assert.True(session.HasRemoteExtensions && remote.IsUploadOnly);
        Assert.Equal((9, 0, 0), (remote.Metadata, remote.DontHave, remote.UploadOnly));
        Assert.Equal((31235L, 6881, 500, "µTorrent 1"), (remote.MetadataBytes, remote.ListenPort, remote.RequestQueue, remote.ClientName));
        Assert.Equal(IPAddress.Parse("10.1.2.3"), remote.OurAddress);
    }

    [Fact]
    public void A_later_handshake_changes_only_what_it_names_and_zero_switches_off()
    {
        PeerWireSession session = WireSession.New();
        session.Feed(WireBytes.Extended(0, TheirNumbers), WireBytes.Extended(0, "d1:md11:ut_metadatai0eee"));
        Assert.Equal((0, 7, 8), (session.Remote.Metadata, session.Remote.DontHave, session.Remote.UploadOnly));
    }

    [Theory]
    [InlineData("numbers that are no bytes", "d1:md11:lt_donthavei256e11:ut_metadatai-1eee")]
    [InlineData("numbers that are no numbers", "d1:md11:ut_metadata1:1ee")]
    [InlineData("m that is no dictionary", "d1:mi1ee")]
    [InlineData("port 0", "d1:pi0ee")]
    [InlineData("port 65536", "d1:pi65536ee")]
    [InlineData("queue 0", "d4:reqqi0ee")]
    [InlineData("metadata size 0", "d13:metadata_sizei0ee")]
    [InlineData("metadata size -1", "d13:metadata_sizei-1ee")]
    [InlineData("name that is no text", "d1:v2:\u00FF\u00FEe")]
    [InlineData("address of five bytes", "d6:yourip5:12345e")]
    [InlineData("relay of five bytes", "d5:relay5:12345e")]
    [InlineData("own addresses of five bytes", "d4:ipv45:123454:ipv65:12345e")]
    [InlineData("relay that nobody can be at", "d5:relay6:\u0000\u0000\u0000\u0000\u0001\u0001e")]
    public void Values_that_make_no_sense_are_passed_over(string name, string payload)
    {
        PeerWireSession session = WireSession.New();
        Assert.True(session.Feed(WireBytes.Extended(0, payload)).Count == 1, name);
        RemoteExtensions remote = session.Remote;
        Assert.Equal((0, 0, 0), (remote.Metadata, remote.DontHave, remote.UploadOnly));
        Assert.Null(remote.ListenPort);
        Assert.Null(remote.RequestQueue);
        Assert.Null(remote.MetadataBytes);
        Assert.Null(remote.ClientName);
        Assert.Null(remote.OurAddress);
        Assert.Null(remote.Relayed);
        Assert.Null(remote.OwnV4 ?? remote.OwnV6);
    }

    [Fact]
    public void We_send_with_their_numbers()
    {
        PeerWireSession session = WireSession.New();
        session.Feed(WireBytes.Extended(0, TheirNumbers));
        session.SendDontHave(5);
        session.SendUploadOnly(true);
        session.RequestMetadata(0);
        session.SendMetadata(1, 20_000, [1, 2, 3]);
        session.RejectMetadata(2);
        Assert.Equal(
            [
                .. WireBytes.Extended(7, WireBytes.Int(5)), .. WireBytes.Extended(8, 1), .. WireBytes.Extended(9, "d8:msg_typei0e5:piecei0ee"),
                .. WireBytes.Extended(9, "d8:msg_typei1e5:piecei1e10:total_sizei20000ee\u0001\u0002\u0003"), .. WireBytes.Extended(9, "d8:msg_typei2e5:piecei2ee"),
            ],
            session.Sent());
    }

    [Fact]
    public void Metadata_is_asked_for_sent_and_refused()
    {
        PeerWireSession session = WireSession.New();
        session.Feed(WireBytes.Extended(0, TheirNumbers));
        Assert.Equal(["MetadataRequest 3 0 0"], session.Feed(WireBytes.Extended(1, "d8:msg_typei0e5:piecei3ee")));
        session.RequestMetadata(0);
        session.RequestMetadata(1);
        string data = new('x', 16384);
        Assert.Equal(
            [$"MetadataData 0 0 0 {WireSession.Hash8(Encoding.ASCII.GetBytes(data))}", "MetadataReject 1 0 0"],
            session.Feed(WireBytes.Extended(1, "d8:msg_typei1e5:piecei0e10:total_sizei20000ee" + data), WireBytes.Extended(1, "d8:msg_typei2e5:piecei1ee")));
    }

    [Fact]
    public void A_lost_piece_is_told_and_forgotten()
    {
        PeerWireSession session = WireSession.New();
        session.Feed(WireBytes.Frame(14));
        Assert.Equal(["DontHave 3 0 0"], session.Feed(WireBytes.Extended(2, WireBytes.Int(3)), WireBytes.Extended(2, WireBytes.Int(3))));
        Assert.False(session.RemotePieces![3]);
        Assert.Equal(["Have 3 0 0"], session.Feed(WireBytes.Have(3)));
    }

    [Theory]
    [InlineData(WireSession.All)]
    [InlineData(ReservedBits.Extensions)]
    public void A_lost_piece_takes_its_requests_with_it_unless_they_will_be_refused(ReservedBits remote)
    {
        PeerWireSession session = WireSession.New(remote);
        session.Feed(WireBytes.Bitfield(0xFF, 0xC0), WireBytes.Frame(1));
        session.Request(new BlockRequest(3, 0, 16384));
        session.Request(new BlockRequest(3, 16384, 16384));
        session.Request(new BlockRequest(4, 0, 16384));
        session.Feed(WireBytes.Extended(2, WireBytes.Int(3)));
        Assert.Equal(session.HasFast ? 3 : 1, session.Outstanding);
        var lost = new List<int>();
        while (session.TryTakeLost(out BlockRequest request))
            lost.Add(request.Index);
        Assert.Equal(session.HasFast ? [] : [3, 3], lost);
    }

    [Fact]
    public void A_piece_that_we_lose_takes_their_requests_with_it()
    {
        PeerWireSession session = WireSession.New();
        session.Feed(WireBytes.Extended(0, TheirNumbers));
        session.Unchoke();
        session.Feed(WireBytes.Request(3, 0, 16384), WireBytes.Request(4, 0, 16384));
        session.Sent();
        session.SendDontHave(3);
        Assert.Equal([.. WireBytes.Reject(3, 0, 16384), .. WireBytes.Extended(7, WireBytes.Int(3))], session.Sent());
        Assert.True(session.TryTakeUpload(out BlockRequest next));
        Assert.Equal(4, next.Index);
    }

    [Fact]
    public void Upload_only_may_change_by_message()
    {
        PeerWireSession session = WireSession.New();
        Assert.Equal(["Extensions 0 0 0"], session.Feed(WireBytes.Extended(3, 1)));
        Assert.True(session.Remote.IsUploadOnly);
        session.Feed(WireBytes.Extended(3, 0));
        Assert.False(session.Remote.IsUploadOnly);
    }

    [Fact]
    public void Hole_punching_messages_cross_once_both_said_that_they_speak_them()
    {
        var message = new HolePunchMessage(HolePunchMessageType.Rendezvous, IPEndPoint.Parse("10.1.2.3:7001"));
        byte[] bytes = WireBytes.Extended(4, [0, 0, 10, 1, 2, 3, 0x1b, 0x59, 0, 0, 0, 0]);
        PeerWireSession session = WireSession.New();
        session.SendHolePunch(message);
        Assert.Empty(session.Sent());
        Assert.Empty(session.Feed(bytes));
        session.Feed(WireBytes.Extended(0, "d1:md12:ut_holepunchi9eee"));
        session.SendHolePunch(message);
        Assert.Equal([.. WireBytes.Extended(9, [.. bytes[6..]])], session.Sent());
        ReadOnlySpan<byte> data = bytes;
        Assert.True(session.TryReceive(ref data, WireSession.At(0), out PeerEvent happened));
        Assert.Equal((PeerEventKind.HolePunch, message), (happened.Kind, happened.HolePunch));
        Assert.Empty(session.Feed(WireBytes.Extended(4, [9, 9, 9]), WireBytes.Extended(4, [])));
        Assert.Null(session.Closed);
    }

    [Fact]
    public void Hashes_cross_between_two_sessions()
    {
        PeerWireSession asker = WireSession.New();
        PeerWireSession answerer = WireSession.New();
        Assert.True(asker.RequestHashes(Root, Range));
        Assert.False(asker.RequestHashes(Root, Range));
        Assert.Equal([$"HashRequest 0 0 0 {Range} 0"], answerer.FeedAt(0, asker.Sent()));
        Sha256Hash[] hashes = [.. Enumerable.Range(0, 6).Select(i => Sha256Hash.Of([(byte)i]))];
        answerer.SendHashes(Root, Range, hashes);
        ReadOnlySpan<byte> data = answerer.Sent();
        Assert.True(asker.TryReceive(ref data, WireSession.At(0), out PeerEvent answer));
        Assert.Equal((PeerEventKind.Hashes, Root, Range), (answer.Kind, answer.Root, answer.Range));
        Assert.Equal(hashes, answer.Hashes.ToArray());
        Assert.True(asker.RequestHashes(Root, Range));
        answerer.RejectHashes(Root, Range);
        Assert.Equal([$"HashReject 0 0 0 {Range} 0"], asker.FeedAt(0, answerer.Sent()));
    }

    [Fact]
    public void Only_so_many_requests_for_hashes_are_open()
    {
        PeerWireSession session = WireSession.New(options: new PeerWireOptions { MaxHashRequests = 2 });
        Assert.True(session.RequestHashes(Root, Range with { Index = 0 }));
        Assert.True(session.RequestHashes(Root, Range with { Index = 4 }));
        Assert.False(session.RequestHashes(Root, Range with { Index = 8 }));
    }
}
