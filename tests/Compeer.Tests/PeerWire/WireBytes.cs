using System.Buffers;
using System.Buffers.Binary;
using System.Text;
using Compeer.Protocols.PeerWire;

namespace Compeer.Tests.PeerWire;

/// <summary>Builds what a remote sends, byte by byte, right or wrong: independent of the writer under test.</summary>
internal static class WireBytes
{
    /// <summary>A frame whose length field tells the truth.</summary>
    public static byte[] Frame(int id, params byte[] body) => [.. Int(1 + body.Length), (byte)id, .. body];

    /// <summary>A frame that claims another length.</summary>
    public static byte[] Lie(uint claimed, int id, params byte[] body) => [.. Int(unchecked((int)claimed)), (byte)id, .. body];

    public static byte[] KeepAlive => Int(0);

    public static byte[] Have(int piece) => Frame(4, Int(piece));

    public static byte[] Bitfield(params byte[] bits) => Frame(5, bits);

    public static byte[] Request(int index, int begin, int length) => Frame(6, [.. Int(index), .. Int(begin), .. Int(length)]);

    public static byte[] Piece(int index, int begin, int length) => Frame(7, [.. Int(index), .. Int(begin), .. Content(index, begin, length)]);

    public static byte[] Cancel(int index, int begin, int length) => Frame(8, [.. Int(index), .. Int(begin), .. Int(length)]);

    public static byte[] Suggest(int piece) => Frame(13, Int(piece));

    public static byte[] Reject(int index, int begin, int length) => Frame(16, [.. Int(index), .. Int(begin), .. Int(length)]);

    public static byte[] AllowedFast(int piece) => Frame(17, Int(piece));

    public static byte[] Extended(int number, params byte[] payload) => Frame(20, [(byte)number, .. payload]);

    public static byte[] Extended(int number, string payload) => Extended(number, Encoding.Latin1.GetBytes(payload));

    public static byte[] HashRequest(int id, int baseLayer, int index, int length, int proofLayers, params byte[] hashes) =>
        Frame(id, [.. new byte[32], .. Int(baseLayer), .. Int(index), .. Int(length), .. Int(proofLayers), .. hashes]);

    public static byte[] Int(int value)
    {
        byte[] bytes = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, value);
        return bytes;
    }

    /// <summary>The bytes of a block of the test torrent.</summary>
    public static byte[] Content(int index, int begin, int length)
    {
        byte[] content = new byte[length];
        for (int i = 0; i < length; i++)
            content[i] = (byte)(index * 31 + (begin + i) * 7 + (begin + i) / 251);
        return content;
    }

    /// <summary>What a session would send now.</summary>
    public static byte[] Sent(this PeerWireSession session, long second = 0)
    {
        var output = new ArrayBufferWriter<byte>();
        session.TryTransmit(output, WireSession.At(second));
        return output.WrittenSpan.ToArray();
    }
}
