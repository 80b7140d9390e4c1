using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using Compeer.Network.Connections;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.WebSockets;

namespace Compeer.Network.Transports;

/// <summary>A stream over binary messages of a WebSocket, whose ends mean nothing. Owns what carries it. Spec: RFC 6455; libp2p/specs websockets/README.md.</summary>
internal sealed class WebSocketPeerStream : PeerStream
{
    private readonly PeerStream _raw;
    private readonly WebSocket _socket;
    private bool _ended;

    private WebSocketPeerStream(PeerStream raw, WebSocket socket)
    {
        _raw = raw;
        _socket = socket;
    }

    public override IPEndPoint Remote => _raw.Remote;

    public override IPEndPoint Local => _raw.Local;

    public override PeerPath Path => _raw.Path;

    /// <summary>Makes a WebSocket of a stream to a server.</summary>
    /// <param name="raw">Connected; the caller's to dispose of on failure.</param>
    /// <param name="host">The server's name or address, with its port.</param>
    /// <param name="tls">How TLS is spoken first; null where it is not.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <exception cref="SocketException">The stream broke.</exception>
    /// <exception cref="IOException">The server is another one than its certificate says, or wants no WebSocket.</exception>
    public static async Task<PeerStream> ConnectAsync(PeerStream raw, string host, SslClientAuthenticationOptions? tls, CancellationToken cancellationToken)
    {
        PeerStream stream = await SecureAsync(raw, tls is null ? null : ssl => ssl.AuthenticateAsClientAsync(tls, cancellationToken));
        byte[] key = RandomNumberGenerator.GetBytes(WebSocketHandshake.KeyBytes);
        await new PeerStreamAdapter(stream).WriteAsync(WebSocketHandshake.Request(host, key), cancellationToken);
        (byte[] answer, stream) = await ReadHeadAsync(stream, cancellationToken);
        if (!WebSocketHandshake.IsAgreed(answer, key))
            throw new IOException("it does not answer as a WebSocket");
        return new WebSocketPeerStream(stream, WebSocket.CreateFromStream(new PeerStreamAdapter(stream), new WebSocketCreationOptions { IsServer = false }));
    }

    /// <summary>Makes a WebSocket of a stream of a client.</summary>
    /// <inheritdoc cref="ConnectAsync"/>
    public static async Task<PeerStream> AcceptAsync(PeerStream raw, SslServerAuthenticationOptions? tls, CancellationToken cancellationToken)
    {
        PeerStream stream = await SecureAsync(raw, tls is null ? null : ssl => ssl.AuthenticateAsServerAsync(tls, cancellationToken));
        (byte[] request, stream) = await ReadHeadAsync(stream, cancellationToken);
        bool isAgreed = WebSocketHandshake.TryAnswer(request, out byte[] answer);
        await new PeerStreamAdapter(stream).WriteAsync(answer, cancellationToken);
        if (!isAgreed)
            throw new IOException("it asks for something else than a WebSocket");
        var accepted = new WebSocketPeerStream(stream, WebSocket.CreateFromStream(new PeerStreamAdapter(stream), new WebSocketCreationOptions { IsServer = true }));
        // js-libp2p listens to its WebSocket a little after it is open, and loses a greeting that comes with the answer.
        await accepted.WaitReadableAsync(cancellationToken);
        return accepted;
    }

    public override async ValueTask WaitReadableAsync(CancellationToken cancellationToken)
    {
        if (!_ended)
            await ReadAsync(Memory<byte>.Empty, cancellationToken);
    }

    public override async ValueTask<int> ReceiveAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        while (!_ended)
        {
            if (await ReadAsync(target, cancellationToken) is > 0 and var received)
                return received;
        }
        return 0;
    }

    public override async ValueTask<int> SendAsync(ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        try
        {
            await _socket.SendAsync(data, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
            return data.Length;
        }
        catch (Exception e) when (IsFailure(e, cancellationToken))
        {
            throw new SocketException((int)SocketError.ConnectionReset);
        }
    }

    public override void Dispose()
    {
        _socket.Dispose();
        _raw.Dispose();
    }

    /// <summary>Bytes of a message; 0 at the end of one that is empty, too.</summary>
    private async ValueTask<int> ReadAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        try
        {
            ValueWebSocketReceiveResult result = await _socket.ReceiveAsync(target, cancellationToken);
            _ended = result.MessageType == WebSocketMessageType.Close;
            return result.MessageType == WebSocketMessageType.Text ? throw new SocketException((int)SocketError.ConnectionReset) : result.Count;
        }
        catch (Exception e) when (IsFailure(e, cancellationToken))
        {
            throw new SocketException((int)SocketError.ConnectionReset);
        }
    }

    /// <summary>Once a receive has found the connection lost, .NET calls a send that was under way cancelled, though nobody cancelled it; and the other way round.</summary>
    private static bool IsFailure(Exception e, CancellationToken cancellationToken) =>
        e is WebSocketException or IOException or InvalidOperationException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private static async Task<PeerStream> SecureAsync(PeerStream raw, Func<SslStream, Task>? authenticate)
    {
        if (authenticate is null)
            return raw;
        var records = new TlsRecordStream(raw);
        var ssl = new SslStream(records);
        try
        {
            await authenticate(ssl);
            return new TlsPeerStream(raw, records, ssl);
        }
        catch (AuthenticationException e)
        {
            await ssl.DisposeAsync();
            throw new IOException($"TLS for the WebSocket failed: {e.Message.TrimEnd('.')}", e);
        }
    }

    /// <summary>Reads the head; what came behind it is given back as the beginning of the stream.</summary>
    private static async Task<(byte[] Head, PeerStream Stream)> ReadHeadAsync(PeerStream stream, CancellationToken cancellationToken)
    {
        byte[] received = new byte[WebSocketHandshake.MaxBytes];
        for (int length = 0; length < received.Length;)
        {
            int more = await stream.ReceiveAsync(received.AsMemory(length), cancellationToken);
            if (more == 0)
                break;
            length += more;
            if (WebSocketHandshake.HeadLength(received.AsSpan(0, length)) is > 0 and var head)
                return (received[..head], head == length ? stream : new PrefixedPeerStream(stream, received.AsMemory(head, length - head)));
        }
        throw new IOException("it does not speak HTTP as a WebSocket begins");
    }
}
