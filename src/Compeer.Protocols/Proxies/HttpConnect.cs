using System.Buffers;
using System.Net;
using System.Text;

namespace Compeer.Protocols.Proxies;

/// <summary>
/// Asks an HTTP proxy for a tunnel. Its answer's head may have 8 KiB; a body is not read. Single-threaded.
/// Spec: RFC 9110 section 9.3.6 (CONNECT), 11.7 (Proxy-Authorization); RFC 7617 (Basic).
/// </summary>
public sealed class HttpConnect : IProxyHandshake
{
    /// <summary>The longest head of an answer.</summary>
    public const int MaxHeadBytes = 8 * 1024;

    private readonly ArrayBufferWriter<byte> _output = new(256);
    private readonly byte[] _statusLine = new byte[64];
    private int _length;
    private int _matched; // of the empty line that ends the head

    public HttpConnect(ProxyEndPoint proxy, ProxyTarget target)
    {
        if (!target.IsValid)
        {
            Fail("the target's name cannot be given to a proxy", proxyFault: false);
            return;
        }
        string host = IPAddress.TryParse(target.Host, out IPAddress? address) ? new IPEndPoint(address, target.Port).ToString() : $"{target.Host}:{target.Port}";
        var request = new StringBuilder($"CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n");
        if (proxy.HasCredentials)
            request.Append("Proxy-Authorization: Basic ").Append(Convert.ToBase64String(Encoding.UTF8.GetBytes($"{proxy.User}:{proxy.Password}"))).Append("\r\n");
        _output.Write(Encoding.ASCII.GetBytes(request.Append("\r\n").ToString()));
    }

    public int BytesNeeded => IsDone || Failure is not null ? 0 : 4 - _matched;

    public bool IsDone { get; private set; }

    public string? Failure { get; private set; }

    public bool IsProxyFault { get; private set; }

    public bool TryTransmit(IBufferWriter<byte> output)
    {
        if (_output.WrittenCount == 0)
            return false;
        output.Write(_output.WrittenSpan);
        _output.ResetWrittenCount();
        return true;
    }

    public void Receive(ReadOnlySpan<byte> data)
    {
        foreach (byte value in data)
        {
            if (BytesNeeded == 0)
                return;
            if (_length < _statusLine.Length)
                _statusLine[_length] = value;
            _length++;
            _matched = value == (_matched % 2 == 0 ? (byte)'\r' : (byte)'\n') ? _matched + 1 : value == '\r' ? 1 : 0;
            if (_matched == 4)
                OnHead();
            else if (_length >= MaxHeadBytes)
                Fail("its answer has too long a head", proxyFault: true);
        }
    }

    public void OnEnd()
    {
        if (!IsDone)
            Fail("it hung up", proxyFault: _length == 0);
    }

    private void OnHead()
    {
        ReadOnlySpan<byte> line = _statusLine.AsSpan(0, Math.Min(_length, _statusLine.Length));
        if (line.Length < 12 || !line.StartsWith("HTTP/1."u8) || line[8] != ' ' || !int.TryParse(line[9..12], out int status))
            Fail("its answer is no HTTP", proxyFault: true);
        else if (status is >= 200 and < 300)
            IsDone = true;
        else if (status == 407)
            Fail("it wants a user and password, or refuses those given (HTTP 407)", proxyFault: true);
        else
            Fail($"it answered with HTTP status {status}", proxyFault: status is 400 or 403 or 405 or 501);
    }

    private void Fail(string reason, bool proxyFault)
    {
        Failure ??= reason;
        IsProxyFault = proxyFault;
        _output.ResetWrittenCount();
    }
}
