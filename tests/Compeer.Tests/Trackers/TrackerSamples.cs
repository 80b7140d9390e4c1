using System.Net;
using System.Text;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;
using Compeer.Protocols;
using Compeer.Protocols.Trackers;

namespace Compeer.Tests.Trackers;

/// <summary>Values that the tracker tests share.</summary>
internal static class TrackerSamples
{
    public static Instant At(double seconds) => Instant.Zero + TimeSpan.FromSeconds(seconds);

    public static Sha1Hash Hash(int number) => Sha1Hash.Of(BitConverter.GetBytes(number));

    public static byte[] Ascii(string text) => Encoding.Latin1.GetBytes(text);

    public static AnnounceRequest Request(Sha1Hash? infoHash = null, int port = 6881, AnnounceEvent happened = AnnounceEvent.None, long left = 1000) => new()
    {
        InfoHash = infoHash ?? Hash(1),
        PeerId = PeerId.Create("abcdefghijkl"u8),
        Port = port,
        Left = left,
        Uploaded = 11,
        Downloaded = 22,
        Event = happened,
        Key = 0xdeadbeef,
        NumWant = 50,
    };

    public static AnnounceRequest RandomRequest(Random random)
    {
        byte[] bytes = new byte[40];
        random.NextBytes(bytes);
        return new AnnounceRequest
        {
            InfoHash = new Sha1Hash(bytes.AsSpan(0, 20)),
            PeerId = new PeerId(bytes.AsSpan(20)),
            Port = random.Next(1, 65536),
            Uploaded = random.NextInt64(),
            Downloaded = random.NextInt64(),
            Left = random.Next(3) == 0 ? 0 : random.NextInt64(),
            Event = (AnnounceEvent)random.Next(4),
            Key = (uint)random.NextInt64(1L << 32),
            NumWant = random.Next(-1, 300),
        };
    }

    public static AnnounceResult Success(double interval = 1800, double? minInterval = null, params IPEndPoint[] peers) => new(new AnnounceResponse
    {
        Interval = TimeSpan.FromSeconds(interval),
        MinInterval = minInterval is { } seconds ? TimeSpan.FromSeconds(seconds) : null,
        Peers = [.. peers],
    });

    public static AnnounceResult Failure(TimeSpan? retryIn = null, bool permanent = false) =>
        new(new TrackerFailure(TrackerFailureKind.Refused, "no") { RetryIn = retryIn, IsPermanent = permanent });
}
