using System.Buffers.Binary;
using Compeer.Formats.Hashing;
using Compeer.Formats.Torrents;

namespace Compeer.Protocols.Trackers;

/// <summary>
/// A typed view of one request datagram as a tracker receives it; allocates only for <see cref="ToAnnounce"/>.
/// Spec: BEP 15, BEP 41. <see cref="UdpTrackerCodec"/> shows the layout.
/// </summary>
public readonly ref struct UdpTrackerRequest
{
    internal const byte EndOption = 0;
    internal const byte NoOption = 1;
    internal const byte UrlDataOption = 2;

    private readonly ReadOnlySpan<byte> _datagram;

    private UdpTrackerRequest(ReadOnlySpan<byte> datagram, UdpTrackerAction action)
    {
        _datagram = datagram;
        Action = action;
    }

    public UdpTrackerAction Action { get; }

    /// <summary>The protocol id in a connect request.</summary>
    public ulong ConnectionId => BinaryPrimitives.ReadUInt64BigEndian(_datagram);

    public uint TransactionId => BinaryPrimitives.ReadUInt32BigEndian(_datagram[12..]);

    /// <summary>How many whole info hashes a scrape holds, at most <see cref="UdpTrackerCodec.MaxScrapeSwarms"/>.</summary>
    public int ScrapeCount => Math.Min((_datagram.Length - 16) / Sha1Hash.LengthBytes, UdpTrackerCodec.MaxScrapeSwarms);

    /// <summary>The info hash at <paramref name="index"/> of a scrape.</summary>
    public Sha1Hash ScrapeSwarm(int index) => new(_datagram.Slice(16 + (index * Sha1Hash.LengthBytes), Sha1Hash.LengthBytes));

    /// <summary>
    /// Reads a request; false when it is too short for its action, no request at all, a connect without the protocol id,
    /// an announce of an unknown event, or a scrape of nothing.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> datagram, out UdpTrackerRequest request)
    {
        request = default;
        if (datagram.Length < 16)
            return false;
        var action = (UdpTrackerAction)BinaryPrimitives.ReadInt32BigEndian(datagram[8..]);
        request = new UdpTrackerRequest(datagram, action);
        return action switch
        {
            UdpTrackerAction.Connect => request.ConnectionId == UdpTrackerCodec.ProtocolId,
            UdpTrackerAction.Announce => datagram.Length >= UdpTrackerCodec.AnnounceLengthBytes
                && BinaryPrimitives.ReadUInt32BigEndian(datagram[80..]) <= (uint)AnnounceEvent.Stopped,
            UdpTrackerAction.Scrape => request.ScrapeCount > 0,
            _ => false,
        };
    }

    /// <summary>The fields of an announce. The address field is not read: peers are where their datagrams come from.</summary>
    public AnnounceRequest ToAnnounce() => new()
    {
        InfoHash = new Sha1Hash(_datagram.Slice(16, 20)),
        PeerId = new PeerId(_datagram.Slice(36, 20)),
        Downloaded = BinaryPrimitives.ReadInt64BigEndian(_datagram[56..]),
        Left = BinaryPrimitives.ReadInt64BigEndian(_datagram[64..]),
        Uploaded = BinaryPrimitives.ReadInt64BigEndian(_datagram[72..]),
        Event = (AnnounceEvent)BinaryPrimitives.ReadInt32BigEndian(_datagram[80..]),
        Key = BinaryPrimitives.ReadUInt32BigEndian(_datagram[88..]),
        NumWant = BinaryPrimitives.ReadInt32BigEndian(_datagram[92..]),
        Port = BinaryPrimitives.ReadUInt16BigEndian(_datagram[96..]),
    };

    /// <summary>
    /// Joins the URLData options of an announce into <paramref name="destination"/>.
    /// False when an option is cut off by the end of the datagram or the data does not fit.
    /// </summary>
    public bool TryReadUrlData(Span<byte> destination, out int written)
    {
        written = 0;
        ReadOnlySpan<byte> options = _datagram[UdpTrackerCodec.AnnounceLengthBytes..];
        while (!options.IsEmpty && options[0] != EndOption)
        {
            if (options[0] == NoOption)
            {
                options = options[1..];
                continue;
            }
            if (options.Length < 2 || options.Length < 2 + options[1])
                return false;
            ReadOnlySpan<byte> data = options.Slice(2, options[1]);
            if (options[0] == UrlDataOption)
            {
                if (!data.TryCopyTo(destination[written..]))
                    return false;
                written += data.Length;
            }
            options = options[(2 + data.Length)..];
        }
        return true;
    }
}
