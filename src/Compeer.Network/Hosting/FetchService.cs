using System.Buffers;
using System.Text;
using Compeer.Formats.Multiformats;
using Compeer.Formats.Protobuf;

namespace Compeer.Network.Hosting;

/// <summary>Asks peers for the value of a key, and answers. Spec: libp2p/specs fetch/README.md.</summary>
public static class FetchService
{
    /// <summary>The protocol's name.</summary>
    public const string Protocol = "/libp2p/fetch/0.0.1";

    private const int Found = 0;
    private const int NotFound = 1;

    private static readonly RequestProtocol<string, (int Status, byte[] Data)> Fetch = new(Protocol, new(EncodeRequest, DecodeRequest), new(EncodeResponse, DecodeResponse)) { MaxBytes = 10 << 20, MaxRequestBytes = 4096 };

    /// <summary>Answers with what <paramref name="find"/> gives; null says that there is nothing.</summary>
    public static void ServeFetch(this PeerHost host, Func<string, CancellationToken, Task<byte[]?>> find) =>
        host.HandleRequests(Fetch, async (_, key, cancellationToken) => await find(key, cancellationToken) is { } data ? (Found, data) : (NotFound, []));

    /// <summary>The value that a peer has for a key; null when it has none.</summary>
    /// <exception cref="IOException">The peer is not reached, or has failed.</exception>
    /// <exception cref="InvalidDataException">The answer is malformed or longer than 10 MiB.</exception>
    /// <exception cref="TimeoutException">No answer in time.</exception>
    public static async Task<byte[]?> FetchAsync(this PeerHost host, PeerId peer, string key, CancellationToken cancellationToken = default)
    {
        (int status, byte[] data) = await host.RequestAsync(peer, Fetch, key, cancellationToken);
        return status switch
        {
            Found => data,
            NotFound => null,
            _ => throw new IOException($"{peer} failed to look up \"{key}\"."),
        };
    }

    private static byte[] EncodeRequest(string key)
    {
        var output = new ArrayBufferWriter<byte>();
        new ProtobufWriter(output).WriteString(1, key);
        return output.WrittenSpan.ToArray();
    }

    private static string DecodeRequest(byte[] message) => Encoding.UTF8.GetString(Read(message, 1, out _));

    private static byte[] EncodeResponse((int Status, byte[] Data) response)
    {
        var output = new ArrayBufferWriter<byte>();
        var writer = new ProtobufWriter(output);
        writer.WriteVarint(1, (ulong)response.Status);
        writer.WriteBytes(2, response.Data);
        return output.WrittenSpan.ToArray();
    }

    private static (int Status, byte[] Data) DecodeResponse(byte[] message)
    {
        byte[] data = Read(message, 2, out ulong status);
        return ((int)Math.Min(status, int.MaxValue), data);
    }

    /// <summary>The bytes of one field, and the number in field 1 where there is one.</summary>
    private static byte[] Read(byte[] message, int wanted, out ulong number)
    {
        byte[] found = [];
        number = 0;
        var reader = new ProtobufReader(message);
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out int field, out WireType type))
                throw new InvalidDataException("The message is malformed.");
            if (field == wanted && type == WireType.Bytes && reader.TryReadBytes(out ReadOnlySpan<byte> value))
                found = value.ToArray();
            else if (!(field == 1 && type == WireType.Varint ? reader.TryReadVarint(out number) : reader.TrySkip(type)))
                throw new InvalidDataException("The message is malformed.");
        }
        return found;
    }
}
