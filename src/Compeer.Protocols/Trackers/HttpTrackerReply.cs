using System.Buffers;
using System.Buffers.Binary;
using System.Net;
using Compeer.Formats.Bencoding;
using Compeer.Formats.Hashing;

namespace Compeer.Protocols.Trackers;

/// <summary>Writes a tracker's answers as bencoding. Spec: BEP 3, 7 (peers6), 23 (compact), 24 (external ip), 31 (retry in), 48.</summary>
public static class HttpTrackerReply
{
    /// <summary>The answer to an accepted announce.</summary>
    public static void WriteAnnounce(
        IBufferWriter<byte> output, SwarmTableOptions options, SwarmCounts counts, PeerSample peers, IPAddress client, bool compact)
    {
        Span<byte> address = stackalloc byte[16];
        client.TryWriteBytes(address, out int length);
        var writer = new BencodeWriter(output);
        writer.BeginDictionary();
        Number(writer, "complete"u8, counts.Seeders);
        Number(writer, "downloaded"u8, counts.Downloaded);
        writer.Key("external ip"u8);
        writer.String(address[..length]);
        Number(writer, "incomplete"u8, counts.Leechers);
        Number(writer, "interval"u8, (long)options.Interval.TotalSeconds);
        Number(writer, "min interval"u8, (long)options.MinInterval.TotalSeconds);
        writer.Key("peers"u8);
        if (!compact)
            WriteDictionaries(writer, peers);
        else
            writer.String(peers.IsV6 ? default : peers.Compact);
        if (compact && peers.IsV6)
        {
            writer.Key("peers6"u8);
            writer.String(peers.Compact);
        }
        writer.End();
    }

    /// <summary>The answer to a scrape; unknown swarms are left out.</summary>
    public static void WriteScrape(IBufferWriter<byte> output, SwarmTable table, Span<Sha1Hash> swarms, Instant now)
    {
        swarms.Sort();
        var writer = new BencodeWriter(output);
        writer.BeginDictionary();
        writer.Key("files"u8);
        writer.BeginDictionary();
        for (int i = 0; i < swarms.Length; i++)
        {
            if ((i > 0 && swarms[i] == swarms[i - 1]) || !table.TryScrape(swarms[i], now, out SwarmCounts counts))
                continue;
            writer.Key(swarms[i].AsSpan());
            writer.BeginDictionary();
            Number(writer, "complete"u8, counts.Seeders);
            Number(writer, "downloaded"u8, counts.Downloaded);
            Number(writer, "incomplete"u8, counts.Leechers);
            writer.End();
        }
        writer.End();
        writer.End();
    }

    /// <summary>A refusal because of the table's state.</summary>
    public static void WriteRefusal(IBufferWriter<byte> output, SwarmAnnounceStatus status) =>
        WriteFailure(output, TrackerRefusals.Text(status), status == SwarmAnnounceStatus.Full ? 30 : null);

    /// <summary>A failure with its reason, and after how many minutes to try again if that helps.</summary>
    public static void WriteFailure(IBufferWriter<byte> output, string reason, int? retryInMinutes = null)
    {
        var writer = new BencodeWriter(output);
        writer.BeginDictionary();
        writer.Key("failure reason"u8);
        writer.Text(reason);
        if (retryInMinutes is { } minutes)
            Number(writer, "retry in"u8, minutes);
        writer.End();
    }

    private static void WriteDictionaries(BencodeWriter writer, PeerSample peers)
    {
        int size = CompactPeers.LengthOf(peers.IsV6);
        writer.BeginList();
        for (ReadOnlySpan<byte> rest = peers.Compact; !rest.IsEmpty; rest = rest[size..])
        {
            writer.BeginDictionary();
            writer.Key("ip"u8);
            writer.Text(new IPAddress(rest[..(size - 2)]).ToString());
            Number(writer, "port"u8, BinaryPrimitives.ReadUInt16BigEndian(rest[(size - 2)..]));
            writer.End();
        }
        writer.End();
    }

    private static void Number(BencodeWriter writer, ReadOnlySpan<byte> key, long value)
    {
        writer.Key(key);
        writer.Integer(value);
    }
}
