using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Compeer.Protocols.Proxies;

/// <summary>
/// The form in which SOCKS writes addresses: type, address or name, port. Spec: RFC 1928 section 5.
/// <code>
/// +------+----------------------------+------+
/// | ATYP | 4 | 16 | 1 + 0..255 bytes  | port |
/// +------+----------------------------+------+
/// </code>
/// </summary>
internal static class Socks5Address
{
    public const int MaxBytes = 1 + 1 + ProxyTarget.MaxNameBytes + 2;

    private const byte V4 = 1;
    private const byte Name = 3;
    private const byte V6 = 4;

    /// <summary>Writes a valid target; the bytes written.</summary>
    public static int Write(Span<byte> output, ProxyTarget target)
    {
        int length;
        if (IPAddress.TryParse(target.Host, out IPAddress? address))
        {
            if (address.IsIPv4MappedToIPv6)
                address = address.MapToIPv4();
            address.TryWriteBytes(output[1..], out length);
            output[0] = length == 4 ? V4 : V6;
            length++;
        }
        else
        {
            output[0] = Name;
            int bytes = Encoding.ASCII.GetBytes(target.Host, output[2..]);
            output[1] = (byte)bytes;
            length = 2 + bytes;
        }
        BinaryPrimitives.WriteUInt16BigEndian(output[length..], (ushort)target.Port);
        return length + 2;
    }

    /// <summary>Bytes of the whole field, known from its first two; 0 for an unknown type.</summary>
    public static int LengthOf(byte type, byte next) => type switch
    {
        V4 => 1 + 4 + 2,
        V6 => 1 + 16 + 2,
        Name => 1 + 1 + next + 2,
        _ => 0,
    };

    /// <summary>Reads a field; <paramref name="endpoint"/> is null when it is a name.</summary>
    public static bool TryRead(ReadOnlySpan<byte> input, out IPEndPoint? endpoint, out int length)
    {
        endpoint = null;
        length = input.Length < 2 ? 0 : LengthOf(input[0], input[1]);
        if (length == 0 || input.Length < length)
            return false;
        ushort port = BinaryPrimitives.ReadUInt16BigEndian(input[(length - 2)..]);
        if (input[0] != Name)
            endpoint = new IPEndPoint(new IPAddress(input[1..(length - 2)]), port);
        return true;
    }
}
