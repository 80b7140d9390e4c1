using System.Buffers;
using System.Net;
using Compeer.Formats.Bencoding;
using Compeer.Protocols.Kademlia;
using Compeer.Protocols.MainlineDht;

namespace Compeer.SimulationTests.MainlineDht;

/// <summary>Messages that attackers write by hand.</summary>
internal static class Krpc
{
    public static byte[] FindNode(Key160 id, Key160 target) => Query("find_node"u8, writer =>
    {
        Pair(writer, "id", id.ToArray());
        Pair(writer, "target", target.ToArray());
    });

    public static byte[] GetPeers(Key160 id, Key160 infoHash) => Query("get_peers"u8, writer =>
    {
        Pair(writer, "id", id.ToArray());
        Pair(writer, "info_hash", infoHash.ToArray());
    });

    public static byte[] Announce(Key160 id, Key160 infoHash, int port, byte[] token) => Query("announce_peer"u8, writer =>
    {
        Pair(writer, "id", id.ToArray());
        Pair(writer, "info_hash", infoHash.ToArray());
        writer.Key("port"u8);
        writer.Integer(port);
        Pair(writer, "token", token);
    });

    /// <summary>A reply that names one node, gives a token and a peer.</summary>
    public static byte[] Reply(byte[] transaction, Key160 id, DhtContact node, IPEndPoint peer)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new BencodeWriter(output);
        byte[] nodes = new byte[26], compact = new byte[6];
        node.Id.Write(nodes);
        node.EndPoint.Write(nodes.AsSpan(20));
        NodeEndPoint.From(peer).Write(compact);
        writer.BeginDictionary();
        writer.Key("r"u8);
        writer.BeginDictionary();
        Pair(writer, "id", id.ToArray());
        Pair(writer, "nodes", nodes);
        Pair(writer, "token", [1, 2, 3, 4]);
        writer.Key("values"u8);
        writer.BeginList();
        writer.String(compact);
        writer.End();
        writer.End();
        Pair(writer, "t", transaction);
        Pair(writer, "y", [(byte)'r']);
        writer.End();
        return output.WrittenSpan.ToArray();
    }

    /// <summary>The token in a reply; null when there is none.</summary>
    public static byte[]? TokenOf(byte[] reply) =>
        BencodeDocument.TryParse(reply, new BencodeLimits(), out BencodeDocument? document, out _)
        && document.Root.TryGet("r"u8, out BencodeElement body) && body.TryGetBytes("token"u8, out ReadOnlyMemory<byte> token)
            ? token.ToArray()
            : null;

    private static byte[] Query(ReadOnlySpan<byte> method, Action<BencodeWriter> arguments)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new BencodeWriter(output);
        writer.BeginDictionary();
        writer.Key("a"u8);
        writer.BeginDictionary();
        arguments(writer);
        writer.End();
        writer.Key("q"u8);
        writer.String(method);
        writer.Key("t"u8);
        writer.String("aaaa"u8);
        writer.Key("y"u8);
        writer.String("q"u8);
        writer.End();
        return output.WrittenSpan.ToArray();
    }

    private static void Pair(BencodeWriter writer, string key, byte[] value)
    {
        writer.Key(System.Text.Encoding.ASCII.GetBytes(key));
        writer.String(value);
    }
}
