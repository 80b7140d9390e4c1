using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Compeer.Formats.Torrents;
using Compeer.Protocols.PeerWire;
using Compeer.Tests.PeerWire;

namespace Compeer.Tests.Sessions;

/// <summary>A seed on loopback that writes down what it is asked for, and sends only what it is told to send. One peer at a time.</summary>
internal sealed class ScriptedSeed : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<(PeerMessageId Id, BlockRequest Block)> _heard = [];
    private readonly Task _serving;
    private NetworkStream? _stream;

    public ScriptedSeed(Metainfo metainfo)
    {
        _listener.Start();
        _serving = ServeAsync(metainfo);
    }

    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndpoint;

    /// <summary>Requests and cancels so far, in their order.</summary>
    public IReadOnlyList<(PeerMessageId Id, BlockRequest Block)> Heard => [.. _heard];

    /// <summary>Waits until something is heard, which must come.</summary>
    public async Task UntilAsync(Predicate<IReadOnlyList<(PeerMessageId Id, BlockRequest Block)>> heard)
    {
        using var deadline = new CancellationTokenSource(Patience);
        while (!heard(Heard))
            await Task.Delay(10, deadline.Token);
    }

    public async Task SendAsync(BlockRequest block, ReadOnlyMemory<byte> content) =>
        await _stream!.WriteAsync(WireBytes.Frame(7, [.. WireBytes.Int(block.Index), .. WireBytes.Int(block.Begin), .. content.Span]));

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _serving;
        _stop.Dispose();
    }

    private async Task ServeAsync(Metainfo metainfo)
    {
        try
        {
            using Socket socket = await _listener.AcceptSocketAsync(_stop.Token);
            await using var stream = new NetworkStream(socket);
            byte[] handshake = new byte[Handshake.LengthBytes];
            await stream.ReadExactlyAsync(handshake, _stop.Token);
            new Handshake(ReservedBits.Fast, metainfo.InfoHashes.V1!.Value, PeerId.Create(new byte[12])).Write(handshake);
            await stream.WriteAsync((byte[])[.. handshake, .. WireBytes.Frame((int)PeerMessageId.HaveAll), .. WireBytes.Frame((int)PeerMessageId.Unchoke)], _stop.Token);
            _stream = stream;
            byte[] length = new byte[4];
            while (true)
            {
                await stream.ReadExactlyAsync(length, _stop.Token);
                byte[] message = new byte[BinaryPrimitives.ReadUInt32BigEndian(length)];
                await stream.ReadExactlyAsync(message, _stop.Token);
                if (message is [var id, ..] && (PeerMessageId)id is PeerMessageId.Request or PeerMessageId.Cancel)
                    _heard.Enqueue(((PeerMessageId)message[0], new BlockRequest(Int(message, 1), Int(message, 5), Int(message, 9))));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException)
        {
            // The test is over.
        }

        static int Int(byte[] message, int at) => BinaryPrimitives.ReadInt32BigEndian(message.AsSpan(at));
    }
}
