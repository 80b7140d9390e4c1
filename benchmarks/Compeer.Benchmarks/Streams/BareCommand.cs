using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.Sealing;

namespace Compeer.Benchmarks.Streams;

/// <summary>
/// What the cipher and TCP over loopback allow: one thread encrypts frames and sends them, another, in another process, receives and
/// decrypts them, by the same calls of libcrypto as Compeer, and nobody does anything else. ChaCha20-Poly1305 in the largest frames of Noise, or AES-256-GCM in records of TLS.
/// Several passes over one connection, of which the first only warms up.
/// </summary>
internal static class BareCommand
{
    public const string Usage = "bare listen IP:PORT MIB [noise|tls] | bare dial IP:PORT MIB [noise|tls]";

    private const int HeaderBytes = sizeof(int);
    private const int BufferBytes = 256 * 1024;
    private const int Passes = 4;

    private static readonly byte[] Key = new byte[32];

    private delegate void Transform(ulong number, ReadOnlySpan<byte> input, Span<byte> output);

    /// <summary>Sends so much, encrypted, in each pass to the first who connects; a byte of his begins a pass.</summary>
    public static int Listen(IPEndPoint address, int mebibytes, string security)
    {
        using var listening = new Socket(SocketType.Stream, ProtocolType.Tcp);
        listening.Bind(address);
        listening.Listen();
        Console.WriteLine("""{"event":"ready"}""");
        using Socket socket = listening.Accept();
        (int frameBytes, Transform encrypt, _) = CipherOf(security);
        byte[] content = new byte[frameBytes];
        byte[] buffer = new byte[BufferBytes];
        ulong number = 0;
        while (socket.Receive(new byte[1]) > 0)
            SendPass(socket, mebibytes, frameBytes, encrypt, content, buffer, ref number);
        return 0;
    }

    private static void SendPass(Socket socket, int mebibytes, int frameBytes, Transform encrypt, byte[] content, byte[] buffer, ref ulong number)
    {
        int filled = 0;
        for (long left = (long)mebibytes << 20; left > 0;)
        {
            int taken = (int)Math.Min(left, frameBytes);
            BinaryPrimitives.WriteInt32BigEndian(buffer.AsSpan(filled), taken + IAead.TagBytes);
            encrypt(number++, content.AsSpan(0, taken), buffer.AsSpan(filled + HeaderBytes, taken + IAead.TagBytes));
            filled += HeaderBytes + taken + IAead.TagBytes;
            left -= taken;
            if (left > 0 && filled + HeaderBytes + frameBytes + IAead.TagBytes <= buffer.Length)
                continue;
            for (int sent = 0; sent < filled;)
                sent += socket.Send(buffer.AsSpan(sent, filled - sent));
            filled = 0;
        }
    }

    /// <summary>Receives and decrypts so much in each pass, and prints how fast.</summary>
    public static int Dial(IPEndPoint address, int mebibytes, string security)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(address);
        (int frameBytes, _, Transform decrypt) = CipherOf(security);
        byte[] content = new byte[frameBytes];
        byte[] buffer = new byte[BufferBytes];
        ulong number = 0;
        using var process = Process.GetCurrentProcess();
        for (int pass = 0; pass < Passes; pass++)
        {
            process.Refresh();
            TimeSpan cpu = process.TotalProcessorTime;
            long start = Stopwatch.GetTimestamp();
            socket.Send(new byte[1]);
            ReceivePass(socket, mebibytes, decrypt, content, buffer, ref number);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            process.Refresh();
            if (pass == 0)
                continue;
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                what = "cipher and loopback",
                value = Math.Round(((long)mebibytes << 20) / 1e6 / seconds, 1),
                unit = "MB/s",
                seconds = Math.Round(seconds, 3),
                cpu = Math.Round((process.TotalProcessorTime - cpu).TotalSeconds, 3),
            }));
        }
        return 0;
    }

    private static void ReceivePass(Socket socket, int mebibytes, Transform decrypt, byte[] content, byte[] buffer, ref ulong number)
    {
        (int from, int to) = (0, 0);
        for (long left = (long)mebibytes << 20; left > 0;)
        {
            int length = to - from < HeaderBytes ? int.MaxValue : BinaryPrimitives.ReadInt32BigEndian(buffer.AsSpan(from));
            if (to - from - HeaderBytes >= length)
            {
                decrypt(number++, buffer.AsSpan(from + HeaderBytes, length), content.AsSpan(0, length - IAead.TagBytes));
                from += HeaderBytes + length;
                left -= length - IAead.TagBytes;
                continue;
            }
            buffer.AsSpan(from, to - from).CopyTo(buffer);
            (from, to) = (0, to - from);
            int received = socket.Receive(buffer.AsSpan(to));
            if (received == 0)
                throw new EndOfStreamException("The sender ended too early.");
            to += received;
        }
    }

    private static (int FrameBytes, Transform Encrypt, Transform Decrypt) CipherOf(string security)
    {
        bool isTls = security == "tls";
        IAead aead = OpenSslAead.Create(isTls ? AeadAlgorithm.AesGcm : AeadAlgorithm.ChaCha20Poly1305, Key);
        byte[] nonce = new byte[IAead.NonceBytes];
        Span<byte> Numbered(ulong number)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(nonce.AsSpan(4), number);
            return nonce;
        }
        return (isTls ? 16 * 1024 : ushort.MaxValue - IAead.TagBytes,
            (number, input, output) => aead.Seal(Numbered(number), [], input, [], output),
            (number, input, output) =>
            {
                if (!aead.TryOpen(Numbered(number), [], input, output))
                    throw new InvalidDataException("What came was not what was sent.");
            });
    }
}
