using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Multiformats;
using Compeer.Network.Connections;
using Compeer.Network.SecureChannels;

namespace Compeer.Tests.SecureChannels;

/// <summary>Two ends of a TCP connection on loopback, and what a handshake makes of them.</summary>
internal sealed class ChannelPair : IDisposable
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private ChannelPair(PeerStream dialler, PeerStream listener) => (Dialler, Listener) = (dialler, listener);

    public PeerStream Dialler { get; private set; }

    public PeerStream Listener { get; private set; }

    public static async Task<ChannelPair> RawAsync()
    {
        using var server = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        server.Listen();
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(server.LocalEndPoint!);
        return new ChannelPair(new TcpPeerStream(client), new TcpPeerStream(await server.AcceptAsync()));
    }

    /// <summary>Secures both ends at once; each outcome is a connection or what it failed with.</summary>
    public async Task<(object Dialler, object Listener)> SecureAsync(ISecureChannel dialler, ISecureChannel listener, PeerId? expected = null)
    {
        using var patience = new CancellationTokenSource(Patience);
        async Task<object> Try(ISecureChannel channel, PeerStream raw, bool isInitiator, PeerId? wanted)
        {
            try
            {
                SecuredConnection secured = await channel.SecureAsync(raw, isInitiator, wanted, patience.Token);
                return secured;
            }
            catch (Exception e) when (e is SecureChannelException or SocketException or ObjectDisposedException)
            {
                raw.Dispose();
                return e;
            }
        }
        Task<object> dialling = Try(dialler, Dialler, true, expected);
        Task<object> listening = Try(listener, Listener, false, null);
        object left = await dialling;
        object right = await listening;
        Dialler = (left as SecuredConnection)?.Stream ?? Dialler;
        Listener = (right as SecuredConnection)?.Stream ?? Listener;
        return (left, right);
    }

    public static async Task SendAllAsync(PeerStream stream, ReadOnlyMemory<byte> data)
    {
        using var patience = new CancellationTokenSource(Patience);
        while (!data.IsEmpty)
            data = data[await stream.SendAsync(data, patience.Token)..];
    }

    public static async Task<byte[]> ReceiveAllAsync(PeerStream stream, int length, int chunk)
    {
        using var patience = new CancellationTokenSource(Patience);
        byte[] data = new byte[length];
        for (int at = 0; at < length;)
        {
            await stream.WaitReadableAsync(patience.Token);
            int received = await stream.ReceiveAsync(data.AsMemory(at, Math.Min(chunk, length - at)), patience.Token);
            Assert.True(received > 0, $"the stream ended after {at} of {length} bytes");
            at += received;
        }
        return data;
    }

    public void Dispose()
    {
        Dialler.Dispose();
        Listener.Dispose();
    }
}
