using System.Net;
using Compeer.Formats.Hashing;
using Compeer.Protocols;
using Compeer.Protocols.LocalDiscovery;

namespace Compeer.Tests.LocalDiscovery;

public sealed class LocalDiscoverySessionTests
{
    private static readonly Sha1Hash One = Sha1Hash.Of("one"u8);
    private static readonly Sha1Hash Two = Sha1Hash.Of("two"u8);
    private static readonly IPEndPoint Neighbour = IPEndPoint.Parse("192.168.1.7:6771");

    private static Instant At(double seconds) => Instant.Zero + TimeSpan.FromSeconds(5000 + seconds);

    [Fact]
    public void A_torrent_is_announced_at_once_and_every_five_minutes()
    {
        LocalDiscoverySession session = New();
        Assert.Equal(Instant.Never, session.NextDeadline);
        session.Add(One, At(0));
        Assert.Equal([One], Announced(session, 0));
        Assert.Empty(Announced(session, 299));
        Assert.Equal(At(300), session.NextDeadline);
        Assert.Equal([One], Announced(session, 300));
        session.Remove(One);
        Assert.Equal(Instant.Never, session.NextDeadline);
        Assert.Empty(Announced(session, 1000));
    }

    [Fact]
    public void Announcements_are_a_minute_apart_and_share_what_is_due()
    {
        LocalDiscoverySession session = New();
        session.Add(One, At(0));
        Assert.Equal([One], Announced(session, 0));
        session.Add(Two, At(1));
        session.Add(Sha1Hash.Of("three"u8), At(2));
        Assert.Empty(Announced(session, 59));
        Assert.Equal(2, Announced(session, 60).Count);
    }

    [Fact]
    public void A_thousand_torrents_take_turns()
    {
        LocalDiscoverySession session = New();
        var all = new HashSet<Sha1Hash>();
        for (int i = 0; i < 1000; i++)
        {
            session.Add(Sha1Hash.Of(BitConverter.GetBytes(i)), At(0));
            all.Add(Sha1Hash.Of(BitConverter.GetBytes(i)));
        }
        for (int minute = 0; minute < 100 && all.Count > 0; minute++)
            all.ExceptWith(Announced(session, 60 * minute));
        Assert.Empty(all);
    }

    [Fact]
    public void Peers_of_our_torrents_are_heard_and_others_are_not()
    {
        LocalDiscoverySession session = New();
        session.Add(One, At(0));
        Assert.Equal([new LocalPeer(One, IPEndPoint.Parse("192.168.1.7:1234"))], Heard(session, Announcement(1234, One, Two), 1));
        Assert.Empty(Heard(session, Announcement(1234, Two), 2));
        Assert.Empty(Heard(session, "garbage"u8.ToArray(), 3));
    }

    [Fact]
    public void Our_own_announcement_is_not_heard()
    {
        LocalDiscoverySession session = New();
        session.Add(One, At(0));
        session.TryTransmit(At(0), out LocalAnnouncement? own);
        Assert.Empty(Heard(session, LocalDiscoveryCodec.Write(own!, LocalDiscoveryCodec.GroupV4), 1));
        Assert.Single(Heard(session, LocalDiscoveryCodec.Write(own! with { Cookie = "other" }, LocalDiscoveryCodec.GroupV4), 1));
    }

    [Fact]
    public void An_announcement_is_answered_after_a_moment_when_a_minute_is_over()
    {
        LocalDiscoverySession session = New();
        session.Add(One, At(0));
        Announced(session, 0);
        Heard(session, Announcement(1234, One), 10);
        Assert.Equal(At(300), session.NextDeadline);
        Heard(session, Announcement(1234, One), 100);
        Assert.InRange((session.NextDeadline - At(100)).TotalSeconds, 0, 5);
        Assert.Equal([One], Announced(session, 105));
    }

    [Fact]
    public void One_address_is_heard_so_often_a_minute_and_so_many_addresses_are_counted()
    {
        LocalDiscoverySession session = New(new LocalDiscoveryOptions { MaxPerAddress = 3, MaxAddresses = 2 });
        session.Add(One, At(0));
        Assert.Equal(3, Enumerable.Range(0, 10).Sum(i => Heard(session, Announcement(i + 1, One), 1).Count));
        Assert.Single(Heard(session, Announcement(1, One), 1, "192.168.1.8:1"));
        Assert.Empty(Heard(session, Announcement(1, One), 1, "192.168.1.9:1"));
        Assert.Single(Heard(session, Announcement(1, One), 62, "192.168.1.9:1"));
    }

    private static LocalDiscoverySession New(LocalDiscoveryOptions? options = null) => new(options ?? new LocalDiscoveryOptions(), 6881, new Random(1));

    private static byte[] Announcement(int port, params Sha1Hash[] hashes) => LocalDiscoveryCodec.Write(new LocalAnnouncement(port, [.. hashes], "them"), LocalDiscoveryCodec.GroupV4);

    private static IReadOnlyList<Sha1Hash> Announced(LocalDiscoverySession session, double second) =>
        session.TryTransmit(At(second), out LocalAnnouncement? announcement) ? announcement.InfoHashes : [];

    private static List<LocalPeer> Heard(LocalDiscoverySession session, byte[] datagram, double second, string? from = null)
    {
        session.Receive(from is null ? Neighbour : IPEndPoint.Parse(from), datagram, At(second));
        var peers = new List<LocalPeer>();
        while (session.TryTakeEvent(out LocalPeer peer))
            peers.Add(peer);
        return peers;
    }
}
