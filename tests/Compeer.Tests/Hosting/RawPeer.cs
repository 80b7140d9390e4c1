using System.Net;
using System.Net.Sockets;
using Compeer.Network.Connections;
using Compeer.Network.SecureChannels;
using Compeer.Protocols.MultistreamSelect;
using Compeer.Protocols.Yamux;

namespace Compeer.Tests.Hosting;

/// <summary>A peer that does the handshake as it should and then sends the frames that a test wants.</summary>
internal sealed class RawPeer : IDisposable
{
    private readonly PeerStream _stream;

    private RawPeer(PeerStream stream) => _stream = stream;

    /// <summary>A socket from another address of loopback than others use.</summary>
    public static async Task<Socket> ConnectAsync(IPEndPoint to, string from, CancellationToken cancellationToken)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Parse(from), 0));
        await socket.ConnectAsync(to, cancellationToken);
        return socket;
    }

    public static async Task<RawPeer> StartAsync(HostPair pair, CancellationToken cancellationToken)
    {
        Assert.True(pair.Address.TryGetTcp(out IPEndPoint? remote));
        var raw = new TcpPeerStream(await ConnectAsync(remote, "127.0.0.2", cancellationToken));
        var negotiation = new NegotiationDialer(["/noise"]);
        await SendAsync(raw, negotiation.TakeOutput(), cancellationToken);
        while (negotiation.BytesNeeded is > 0 and var needed)
        {
            byte[] bytes = new byte[needed];
            int received = await raw.ReceiveAsync(bytes, cancellationToken);
            Assert.True(received > 0);
            negotiation.Receive(bytes.AsSpan(0, received));
        }
        var channel = new NoiseChannel(PrivateIdentity.Generate(), OpenSslKeys.Instance, ["/yamux/1.0.0"]);
        SecuredConnection secured = await channel.SecureAsync(raw, isInitiator: true, pair.Listener.Id, cancellationToken);
        Assert.Equal("/yamux/1.0.0", secured.Muxer);
        return new RawPeer(secured.Stream);
    }

    /// <summary>Sends frames, and payload behind the last one.</summary>
    public async Task SendAsync(IEnumerable<YamuxFrame> frames, byte[] payload, CancellationToken cancellationToken)
    {
        byte[] bytes = new byte[16_384 * YamuxFrame.HeaderBytes];
        foreach (YamuxFrame[] some in frames.Chunk(16_384))
        {
            for (int i = 0; i < some.Length; i++)
                some[i].Write(bytes.AsSpan(i * YamuxFrame.HeaderBytes));
            await SendAsync(_stream, bytes.AsMemory(0, some.Length * YamuxFrame.HeaderBytes), cancellationToken);
        }
        await SendAsync(_stream, payload, cancellationToken);
    }

    /// <summary>Reads until the remote hangs up.</summary>
    public async Task WaitForEndAsync(CancellationToken cancellationToken)
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (await _stream.ReceiveAsync(buffer, cancellationToken) > 0)
            {
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // A reset ends it as well, and one that a send met first has closed the stream.
        }
    }

    /// <summary>Reads frames until so many fit; their payload is passed over.</summary>
    public async Task ReadFramesAsync(int count, Func<YamuxFrame, bool> fits, CancellationToken cancellationToken)
    {
        byte[] header = new byte[YamuxFrame.HeaderBytes];
        while (count > 0)
        {
            await ReadExactlyAsync(header, cancellationToken);
            Assert.True(YamuxFrame.TryRead(header, out YamuxFrame frame));
            if (frame.Type == YamuxFrameType.Data)
                await ReadExactlyAsync(new byte[frame.Length], cancellationToken);
            if (fits(frame))
                count--;
        }
    }

    public void Dispose() => _stream.Dispose();

    private async Task ReadExactlyAsync(Memory<byte> target, CancellationToken cancellationToken)
    {
        while (target.Length > 0)
        {
            int received = await _stream.ReceiveAsync(target, cancellationToken);
            Assert.True(received > 0, "hung up on too early");
            target = target[received..];
        }
    }

    private static async Task SendAsync(PeerStream stream, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
            bytes = bytes[await stream.SendAsync(bytes, cancellationToken)..];
    }
}
