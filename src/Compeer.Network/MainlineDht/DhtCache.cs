using System.Buffers;
using Compeer.Formats.Bencoding;
using Compeer.Network.Native;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;

namespace Compeer.Network.MainlineDht;

/// <summary>The ids and contacts of last time, in one small bencoded file that is replaced atomically.</summary>
internal sealed record DhtCache
{
    private const int MaxNodes = 400;
    private const int MaxBytes = 64 * 1024;

    /// <summary>The id over IPv4.</summary>
    public Key160? IdV4 { get; init; }

    /// <summary>The id over IPv6.</summary>
    public Key160? IdV6 { get; init; }

    /// <summary>Contacts of both families.</summary>
    public IReadOnlyList<NodeEndPoint> Nodes { get; init; } = [];

    /// <summary>Reads the file; none counts as empty, and so does one that cannot be used, which <paramref name="note"/> is told.</summary>
    public static DhtCache Load(string path, Action<string>? note)
    {
        try
        {
            if (!File.Exists(path))
                return new DhtCache();
            if (new FileInfo(path).Length <= MaxBytes && TryParse(File.ReadAllBytes(path)) is { } cache)
                return cache;
            note?.Invoke($"{path} is damaged and not used: the DHT is joined as if for the first time.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            note?.Invoke($"{path} cannot be read ({e.Message}): the DHT is joined as if for the first time.");
        }
        return new DhtCache();
    }

    /// <summary>Writes the file; a failure is not worth a word, as only time is lost by it.</summary>
    public void Save(string path)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            AtomicFile.Write(path, Encode());
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // See above.
        }
    }

    public byte[] Encode()
    {
        var output = new ArrayBufferWriter<byte>(4096);
        var writer = new BencodeWriter(output);
        writer.BeginDictionary();
        WriteId(writer, "id4"u8, IdV4);
        WriteId(writer, "id6"u8, IdV6);
        writer.Key("nodes"u8);
        writer.BeginList();
        Span<byte> compact = stackalloc byte[NodeEndPoint.V6LengthBytes];
        foreach (NodeEndPoint node in Nodes.Take(MaxNodes))
            writer.String(compact[..node.Write(compact)]);
        writer.End();
        writer.End();
        return output.WrittenSpan.ToArray();
    }

    public static DhtCache? TryParse(byte[] bytes)
    {
        if (!BencodeDocument.TryParse(bytes, BencodeLimits.Peer, out BencodeDocument? document, out _) || document.Root.Kind != BencodeKind.Dictionary)
            return null;
        var nodes = new List<NodeEndPoint>();
        if (document.Root.TryGet("nodes"u8, out BencodeElement list))
        {
            foreach (BencodeElement node in list.EnumerateList().Take(MaxNodes))
            {
                if (node.Bytes.Length is NodeEndPoint.V4LengthBytes or NodeEndPoint.V6LengthBytes)
                    nodes.Add(NodeEndPoint.Read(node.Bytes.Span));
            }
        }
        return new DhtCache { IdV4 = ReadId(document, "id4"u8), IdV6 = ReadId(document, "id6"u8), Nodes = nodes };
    }

    private static void WriteId(BencodeWriter writer, ReadOnlySpan<byte> key, Key160? id)
    {
        if (id is not { } value)
            return;
        writer.Key(key);
        writer.String(value.ToArray());
    }

    private static Key160? ReadId(BencodeDocument document, ReadOnlySpan<byte> key) =>
        document.Root.TryGetBytes(key, out ReadOnlyMemory<byte> id) && id.Length == Key160.LengthBytes ? Key160.Read(id.Span) : null;
}
