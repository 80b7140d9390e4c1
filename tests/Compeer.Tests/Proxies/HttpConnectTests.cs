using System.Buffers;
using System.Net;
using System.Text;
using Compeer.Protocols.Proxies;

namespace Compeer.Tests.Proxies;

/// <summary>Asking an HTTP proxy for a tunnel. Spec: RFC 9110 section 9.3.6.</summary>
public class HttpConnectTests
{
    private static readonly ProxyEndPoint Plain = new(ProxyKind.Http, new IPEndPoint(IPAddress.Loopback, 8080));

    [Theory]
    [InlineData("tracker.example", "tracker.example:443")]
    [InlineData("1.2.3.4", "1.2.3.4:443")]
    [InlineData("2001:db8::1", "[2001:db8::1]:443")]
    public void The_target_stands_in_the_request(string host, string written) =>
        Assert.Equal($"CONNECT {written} HTTP/1.1\r\nHost: {written}\r\n\r\n", Sent(new HttpConnect(Plain, new ProxyTarget(host, 443))));

    [Fact]
    public void A_user_and_password_are_given_at_once() => Assert.Contains(
        "Proxy-Authorization: Basic bWU6cGFzcw==\r\n", Sent(new HttpConnect(Plain with { User = "me", Password = "pass" }, new ProxyTarget("h.example", 1))), StringComparison.Ordinal);

    [Theory]
    [InlineData("HTTP/1.1 200 Connection established\r\n\r\n")]
    [InlineData("HTTP/1.0 200 OK\r\nProxy-Agent: tinyproxy/1.11.1\r\n\r\n")]
    [InlineData("HTTP/1.1 299\r\nX: \r\r\n\r\n")]
    public void Success_is_seen_cut_at_every_byte_and_nothing_behind_it_is_read(string head)
    {
        byte[] stream = Encoding.ASCII.GetBytes(head + "payload");
        for (int most = 1; most <= 4; most++)
        {
            var connect = new HttpConnect(Plain, new ProxyTarget("h.example", 1));
            int read = 0;
            while (connect.BytesNeeded > 0)
            {
                int take = Math.Min(most, connect.BytesNeeded);
                connect.Receive(stream.AsSpan(read, take));
                read += take;
            }
            Assert.True(connect.IsDone, connect.Failure);
            Assert.Equal(head.Length, read);
        }
    }

    [Theory]
    [InlineData("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", true)]
    [InlineData("HTTP/1.1 403 Forbidden\r\n\r\n", true)]
    [InlineData("HTTP/1.1 502 Bad Gateway\r\n\r\n", false)]
    [InlineData("HTTP/1.1 500 Unable to connect\r\n\r\n", false)]
    [InlineData("SSH-2.0-OpenSSH\r\n\r\n", true)]
    [InlineData("HTTP/1.1 xyz\r\n\r\n", true)]
    [InlineData("\r\n\r\n", true)]
    public void Refusals_end_it_in_words(string head, bool proxyFault)
    {
        var connect = new HttpConnect(Plain, new ProxyTarget("h.example", 1));
        connect.Receive(Encoding.ASCII.GetBytes(head));
        Assert.NotNull(connect.Failure);
        Assert.False(connect.IsDone);
        Assert.Equal(proxyFault, connect.IsProxyFault);
    }

    [Fact]
    public void An_endless_head_is_cut_off()
    {
        var connect = new HttpConnect(Plain, new ProxyTarget("h.example", 1));
        byte[] line = "X-More: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n"u8.ToArray();
        int read = 0;
        while (connect.BytesNeeded > 0 && read < 100_000)
        {
            connect.Receive(line);
            read += line.Length;
        }
        Assert.Contains("too long", connect.Failure, StringComparison.Ordinal);
        Assert.InRange(read, 0, HttpConnect.MaxHeadBytes + line.Length);
    }

    [Fact]
    public void Truncated_answers_fail_when_it_hangs_up()
    {
        byte[] head = "HTTP/1.1 200 OK\r\n\r\n"u8.ToArray();
        for (int length = 0; length < head.Length; length++)
        {
            var connect = new HttpConnect(Plain, new ProxyTarget("h.example", 1));
            connect.Receive(head.AsSpan(0, length));
            connect.OnEnd();
            Assert.NotNull(connect.Failure);
        }
    }

    [Theory]
    [InlineData("socks5://10.0.0.1:1080", ProxyKind.Socks5, "10.0.0.1:1080", "", "")]
    [InlineData("socks5h://localhost:9050", ProxyKind.Socks5, "127.0.0.1:9050", "", "")]
    [InlineData("socks5://me:p%40ss%3A@[2001:db8::1]:1080", ProxyKind.Socks5, "[2001:db8::1]:1080", "me", "p@ss:")]
    [InlineData("http://me@10.0.0.1:8080/", ProxyKind.Http, "10.0.0.1:8080", "me", "")]
    public void Proxies_are_written_as_addresses(string text, ProxyKind kind, string address, string user, string password)
    {
        Assert.True(ProxyEndPoint.TryParse(text, out ProxyEndPoint? proxy, out string problem), problem);
        Assert.Equal(new ProxyEndPoint(kind, IPEndPoint.Parse(address), user, password), proxy);
        Assert.DoesNotContain("p@ss", proxy.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("socks5://proxy.example:1080")]
    [InlineData("socks5://10.0.0.1")]
    [InlineData("socks4://10.0.0.1:1080")]
    [InlineData("https://10.0.0.1:443")]
    [InlineData("http://10.0.0.1:8080/path")]
    [InlineData("socks5://:secret@10.0.0.1:1080")]
    [InlineData("10.0.0.1:1080")]
    [InlineData("")]
    public void What_is_no_proxy_is_refused_with_a_reason(string text)
    {
        Assert.False(ProxyEndPoint.TryParse(text, out _, out string problem));
        Assert.NotEmpty(problem);
    }

    private static string Sent(HttpConnect connect)
    {
        var output = new ArrayBufferWriter<byte>();
        Assert.True(connect.TryTransmit(output));
        return Encoding.ASCII.GetString(output.WrittenSpan);
    }
}
