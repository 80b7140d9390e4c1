using System.Text;
using Compeer.Protocols.WebSockets;

namespace Compeer.Tests.WebSockets;

public sealed class WebSocketHandshakeTests
{
    private const string Example =
        "GET /chat HTTP/1.1\r\nHost: server.example.com\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

    [Fact]
    public void The_example_of_the_RFC_is_answered_as_there()
    {
        Assert.True(WebSocketHandshake.TryAnswer(Encoding.ASCII.GetBytes(Example), out byte[] answer));
        Assert.Contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", Encoding.ASCII.GetString(answer), StringComparison.Ordinal);
        byte[] key = Convert.FromBase64String("dGhlIHNhbXBsZSBub25jZQ==");
        Assert.True(WebSocketHandshake.IsAgreed(answer, key));
        Assert.False(WebSocketHandshake.IsAgreed(answer, new byte[16]));
    }

    [Fact]
    public void A_request_of_ours_is_answered()
    {
        byte[] key = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
        Assert.True(WebSocketHandshake.TryAnswer(WebSocketHandshake.Request("192.0.2.1:80", key), out byte[] answer));
        Assert.True(WebSocketHandshake.IsAgreed(answer, key));
    }

    [Theory]
    [InlineData("Upgrade: websocket", "Upgrade: h2c")]
    [InlineData("Connection: keep-alive, Upgrade", "Connection: close")]
    [InlineData("Version: 13", "Version: 8")]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ==", "dGhl")]
    [InlineData("dGhlIHNhbXBsZSBub25jZQ==", "!")]
    [InlineData("GET", "POST")]
    [InlineData("HTTP/1.1", "HTTP/1.0")]
    public void Anything_else_is_refused(string part, string other)
    {
        Assert.False(WebSocketHandshake.TryAnswer(Encoding.ASCII.GetBytes(Example.Replace(part, other, StringComparison.Ordinal)), out byte[] answer));
        Assert.StartsWith("HTTP/1.1 400", Encoding.ASCII.GetString(answer), StringComparison.Ordinal);
    }

    [Fact]
    public void A_head_ends_where_its_empty_line_does()
    {
        byte[] bytes = Encoding.ASCII.GetBytes(Example);
        for (int length = 0; length < bytes.Length; length++)
            Assert.Equal(0, WebSocketHandshake.HeadLength(bytes.AsSpan(0, length)));
        Assert.Equal(bytes.Length, WebSocketHandshake.HeadLength(bytes));
        Assert.Equal(bytes.Length, WebSocketHandshake.HeadLength([.. bytes, .. "\r\n\r\n"u8]));
        Assert.False(WebSocketHandshake.TryAnswer([.. bytes, 0x82], out _));
    }

    [Fact]
    public void What_is_cut_too_long_or_random_is_refused()
    {
        byte[] bytes = Encoding.ASCII.GetBytes(Example);
        for (int length = 0; length < bytes.Length; length++)
            Assert.False(WebSocketHandshake.TryAnswer(bytes.AsSpan(0, length), out _));
        Assert.False(WebSocketHandshake.TryAnswer([.. bytes[..^2], .. Encoding.ASCII.GetBytes("X: " + new string('y', WebSocketHandshake.MaxBytes) + "\r\n\r\n")], out _));
        var random = new Random(5);
        for (int i = 0; i < 5000; i++)
        {
            byte[] changed = [.. bytes];
            changed[random.Next(changed.Length)] = (byte)random.Next(256);
            WebSocketHandshake.TryAnswer(changed, out _);
            WebSocketHandshake.IsAgreed(changed, new byte[16]);
        }
    }
}
