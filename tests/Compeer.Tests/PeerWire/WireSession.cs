using System.Security.Cryptography;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Protocols;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.PeerWire;

/// <summary>Sessions over a torrent of ten pieces of 32 KiB, the last one of 10,000 bytes.</summary>
internal static class WireSession
{
    public const int Pieces = 10;
    public const int PieceBytes = 32 * 1024;
    public const int LastPieceBytes = 10_000;
    public const ReservedBits All = ReservedBits.Fast | ReservedBits.Extensions | ReservedBits.V2;

    public static Instant At(double seconds) => Instant.Zero + TimeSpan.FromSeconds(1_000 + seconds);

    public static int LengthAt(int piece) => piece == Pieces - 1 ? LastPieceBytes : PieceBytes;

    public static Handshake Handshake(ReservedBits reserved, byte peer = 1) =>
        new(reserved, Sha1Hash.Of("torrent"u8), PeerId.Create(Enumerable.Repeat(peer, 12).ToArray()));

    /// <summary>A session whose torrent is known.</summary>
    public static PeerWireSession New(ReservedBits remote = All, PeerWireOptions? options = null)
    {
        PeerWireSession session = Magnet(remote, options);
        session.SetPieces(Pieces, LengthAt);
        return session;
    }

    /// <summary>A session that knows no pieces yet.</summary>
    public static PeerWireSession Magnet(ReservedBits remote = All, PeerWireOptions? options = null) =>
        new(options ?? new PeerWireOptions(), Handshake(All), Handshake(remote, 2), At(0));

    /// <summary>Feeds bytes and describes each event.</summary>
    public static List<string> Feed(this PeerWireSession session, params byte[][] messages) => session.FeedAt(0, [.. messages.SelectMany(m => m)]);

    public static List<string> FeedAt(this PeerWireSession session, double second, ReadOnlySpan<byte> data)
    {
        var events = new List<string>();
        while (session.TryReceive(ref data, At(second), out PeerEvent happened))
            events.Add(Describe(happened));
        if (session.Closed is null)
            Assert.True(data.IsEmpty, "A living session uses all bytes.");
        return events;
    }

    public static string Describe(in PeerEvent e)
    {
        string payload = e.Payload.IsEmpty ? "" : " " + Convert.ToHexString(SHA1.HashData(e.Payload))[..8];
        string hashes = e.Root == default && e.Range == default ? "" : $" {e.Range} {e.Hashes.Length}";
        return $"{e.Kind} {e.Index} {e.Begin} {e.Length}{(e.IsLate ? " late" : "")}{payload}{hashes}";
    }

    /// <summary>Everything about a session that can be seen.</summary>
    public static string State(PeerWireSession s) => string.Join(
        '|', s.PeerChoking, s.PeerInterested, s.RemotePieces?.Count, s.Outstanding, s.IncomingRequests, s.Closed,
        string.Join(',', s.AllowedFast.Order()), s.Remote.ClientName, s.Remote.IsUploadOnly, s.QueuedControlBytes);

    public static string Hash8(byte[] payload) => Convert.ToHexString(SHA1.HashData(payload))[..8];
}
