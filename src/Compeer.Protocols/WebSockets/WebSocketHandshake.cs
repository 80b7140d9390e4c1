using System.Security.Cryptography;
using System.Text;

namespace Compeer.Protocols.WebSockets;

/// <summary>The request and the answer by which an HTTP connection becomes a WebSocket. Spec: RFC 6455 section 4.</summary>
public static class WebSocketHandshake
{
    /// <summary>The longest request or answer that is read.</summary>
    public const int MaxBytes = 8192;

    /// <summary>Bytes of the client's random key.</summary>
    public const int KeyBytes = 16;

    private const string Magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    /// <summary>How long the lines are that begin a request or an answer; 0 before the empty line that ends them has come. What follows belongs to the WebSocket.</summary>
    public static int HeadLength(ReadOnlySpan<byte> received) => received.IndexOf(End) is >= 0 and var at ? at + End.Length : 0;

    private static ReadOnlySpan<byte> End => "\r\n\r\n"u8;

    /// <summary>What a client asks.</summary>
    /// <param name="host">The server's name or address, with its port.</param>
    /// <param name="key"><see cref="KeyBytes"/> random bytes.</param>
    public static byte[] Request(string host, ReadOnlySpan<byte> key) => Encoding.ASCII.GetBytes(
        $"GET / HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {Convert.ToBase64String(key)}\r\n\r\n");

    /// <summary>What a server answers; an error, and false, where the request is for something else.</summary>
    public static bool TryAnswer(ReadOnlySpan<byte> request, out byte[] answer)
    {
        answer = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"u8.ToArray();
        if (!TryRead(request, out string first, out Dictionary<string, string> headers)
            || !first.StartsWith("GET ", StringComparison.Ordinal) || !first.EndsWith(" HTTP/1.1", StringComparison.Ordinal)
            || !IsUpgrade(headers)
            || headers.GetValueOrDefault("Sec-WebSocket-Version") != "13"
            || headers.GetValueOrDefault("Sec-WebSocket-Key") is not { } text)
            return false;
        Span<byte> key = stackalloc byte[KeyBytes + 2];
        if (!Convert.TryFromBase64String(text, key, out int length) || length != KeyBytes)
            return false;
        answer = Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {AcceptOf(key[..KeyBytes])}\r\n\r\n");
        return true;
    }

    /// <summary>Whether a server has agreed to what <paramref name="key"/> asked.</summary>
    public static bool IsAgreed(ReadOnlySpan<byte> answer, ReadOnlySpan<byte> key) =>
        TryRead(answer, out string first, out Dictionary<string, string> headers)
        && first.StartsWith("HTTP/1.1 101", StringComparison.Ordinal)
        && IsUpgrade(headers)
        && headers.GetValueOrDefault("Sec-WebSocket-Accept") == AcceptOf(key)
        && !headers.ContainsKey("Sec-WebSocket-Extensions");

    private static bool IsUpgrade(Dictionary<string, string> headers) =>
        string.Equals(headers.GetValueOrDefault("Upgrade"), "websocket", StringComparison.OrdinalIgnoreCase)
        && headers.GetValueOrDefault("Connection", "").Split(',', StringSplitOptions.TrimEntries).Contains("upgrade", StringComparer.OrdinalIgnoreCase);

    private static string AcceptOf(ReadOnlySpan<byte> key) => Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(Convert.ToBase64String(key) + Magic)));

    private static bool TryRead(ReadOnlySpan<byte> bytes, out string first, out Dictionary<string, string> headers)
    {
        headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        first = "";
        if (bytes.Length > MaxBytes || HeadLength(bytes) != bytes.Length || bytes.IsEmpty || bytes.IndexOfAnyExceptInRange((byte)'\t', (byte)'~') >= 0)
            return false;
        string[] lines = Encoding.ASCII.GetString(bytes).Split("\r\n");
        first = lines[0];
        foreach (string line in lines[1..^2])
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon < 1 || !headers.TryAdd(line[..colon], line[(colon + 1)..].Trim()))
                headers.Remove(colon < 1 ? "" : line[..colon]);
        }
        return true;
    }
}
